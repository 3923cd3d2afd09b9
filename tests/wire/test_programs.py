"""A client in programs of their own: a real notebook kernel, scripts that forget to close, forks, two loops."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import aijobs_sdk as aijobs
from cells import Cells, running_cells
from wire.programs import environment, run
from wire.scripted_server import ScriptedServer
from wire.story import takes

CONNECT = "import aijobs_sdk as aijobs\nclient = aijobs.Client()"
SUBMIT = "job = client.submit(type='test_job')"


@pytest.fixture
def notebook(server: ScriptedServer) -> Iterator[Cells]:
    with running_cells(environment(server), CONNECT) as cells:
        yield cells


def test_a_notebook_submits_waits_and_streams_in_its_running_loop(notebook: Cells) -> None:
    assert notebook.run(f"{SUBMIT}\nit = job.result(timeout=10).echo") == "'done'"
    assert notebook.run("it = [event.seq for event in job.stream()]") == "[1, 2, 3]"
    awaited = "it = (await (await aijobs.AsyncClient().submit(type='test_job'))).echo"
    assert notebook.run(awaited) == "'done'"


def test_an_interrupted_wait_ends_and_the_next_cell_goes_on(server: ScriptedServer, notebook: Cells) -> None:
    server.api.story = takes(4)
    waiting = notebook.start(f"{SUBMIT}\njob.wait()")
    time.sleep(1)  # let it get into wait(); earlier or later, the promise is the same
    began = time.monotonic()
    notebook.interrupt()
    assert notebook.result_of(waiting) == "KeyboardInterrupt"
    assert time.monotonic() - began <= 2.5  # one second of it the cell waits for a second interrupt
    assert notebook.run("it = job.result(timeout=10).echo") == "'done'"


def test_a_script_that_forgets_to_close_ends_at_once(server: ScriptedServer) -> None:
    server.api.story = takes(60)
    script = f"{CONNECT}\n{SUBMIT}\nprint(next(job.stream()).seq)\nimport time\nprint(time.time())"
    (out, complaints), ended = run(script, server), time.time()
    first, last_line_at = out.split()
    assert (first, complaints) == ("1", "")
    assert ended - float(last_line_at) <= 2


def test_an_async_client_serves_two_loops_one_after_the_other(server: ScriptedServer) -> None:
    script = """
        import asyncio, aijobs_sdk as aijobs
        client = aijobs.AsyncClient()
        async def main():
            job = await client.submit(type="test_job")
            print((await job).echo, [event.seq async for event in job.stream()])
        asyncio.run(main())
        asyncio.run(main())
    """
    assert run(script, server) == ("done [1, 2, 3]\n" * 2, "")


def test_a_forked_child_and_its_parent_both_go_on(server: ScriptedServer) -> None:
    script = f"""
        import os
        {CONNECT.replace(chr(10), chr(10) + " " * 8)}
        {SUBMIT}
        print(job.result().echo, flush=True)
        child = os.fork()
        if child == 0:
            print(job.refresh().status, client.submit(type="test_job").result().echo, flush=True)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print(client.submit(type="test_job").result().echo)
    """
    assert run(script, server) == ("done\ncompleted done\ndone\n", "")


def test_a_client_without_a_key_is_told_where_one_is_set(server: ScriptedServer) -> None:
    with aijobs.Client(server.url) as client, pytest.raises(aijobs.AuthenticationError, match="AIJOBS_API_KEY"):
        client.submit(type="test_job")
