"""The client in processes of its own: scripts that forget to close, forks, interrupts, a real notebook kernel."""

from __future__ import annotations

import signal
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import aijobs_sdk as aijobs
from cli.children import HEARS_CTRL_C, child
from client.scripts import run

LONG_JOB = """
import aijobs_sdk as aijobs
client = aijobs.Client()
job = client.submit(type="test_job", payload={"seconds": 250})
"""


def test_a_script_that_forgets_to_close_ends_at_once() -> None:
    ended = run(LONG_JOB)  # which allows it far less time than the job takes
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_script_that_shows_what_runs_ends_at_once_and_says_how_that_stood() -> None:
    ended = run(LONG_JOB + "job.show()\nbatch = client.batch(['a'], prompt='{text}', model='gpt-5.2')\nbatch.show()")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert [line.partition(" ")[0] for line in ended.stderr.splitlines()] == ["Job", "Batch:"] * 2


def test_a_script_may_end_in_the_middle_of_a_stream() -> None:
    ended = run(LONG_JOB + "stream = job.stream()\nprint(next(stream).kind)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "accepted\n", "")


def test_a_script_may_end_while_a_batch_runs_in_the_background() -> None:
    ended = run("""
        import time, aijobs_sdk as aijobs
        batch = aijobs.Client().batch([f"River {n} " * 200 for n in range(2_000)], prompt="{text}", model="gpt-5.2")
        batch.start()
        while not batch.progress.finished:
            time.sleep(0.01)
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_script_may_end_while_rows_of_a_batch_are_read() -> None:
    ended = run("""
        import itertools, time, aijobs_sdk as aijobs
        rows = ({"text": f"River {n}"} for n in itertools.count())
        batch = aijobs.Client().batch(rows, prompt="{text}", model="gpt-5.2")
        batch.start()
        while batch.progress.total < 1_000:
            time.sleep(0.01)
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_script_may_end_while_a_batch_waits_for_its_next_row() -> None:
    ended = run("""
        import queue, aijobs_sdk as aijobs
        waiting = queue.Queue()
        for n in range(150):
            waiting.put(f"River {n}")
        batch = aijobs.Client().batch(iter(waiting.get, None), prompt="{text}", model="gpt-5.2")
        batch.start()
        while not waiting.empty():
            pass
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_daemon_threads_that_wait_or_ask_at_the_end_of_a_script_end_in_silence() -> None:
    """Python stops a daemon thread without a word; one that waits for a job is no other."""
    ended = run(
        LONG_JOB
        + textwrap.dedent("""
        import threading, time
        def look():
            while True:
                job.refresh()
        for waits in (job.result, job.wait, look, lambda: list(job.stream()), lambda: aijobs.wait([job])):
            threading.Thread(target=waits, daemon=True).start()
        time.sleep(0.3)  # let them get there; earlier or later, the promise is the same
        """)
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_function_that_runs_after_the_client_has_ended_with_the_script_is_told_so() -> None:
    ended = run("""
        import atexit, aijobs_sdk as aijobs
        jobs = []
        atexit.register(lambda: jobs[0].refresh())  # what was registered last runs first, and the client ends before
        jobs.append(aijobs.Client().submit(type="test_job", payload={"seconds": 250}))
    """)
    assert "AIJobsError: The program is ending, and nothing can be asked any more." in ended.stderr


def test_a_client_that_is_dropped_goes_quietly() -> None:
    ended = run("""
        import asyncio, gc, aijobs_sdk as aijobs
        for n in range(3):
            client = aijobs.Client()
            client.submit(type="test_job", payload={"seconds": 250})
            client.submit("hi", model="gpt-5.2").result()
        del client
        gc.collect()
        async def cell():
            await (await aijobs.AsyncClient().submit("hi", model="gpt-5.2"))
            gc.collect()
            await asyncio.sleep(0.1)
            print(len(asyncio.all_tasks()))
        asyncio.run(cell())
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")


def test_a_script_whose_handler_used_a_thread_ends_quietly() -> None:
    ended = run("""
        import asyncio, aijobs_sdk as aijobs
        from pydantic import BaseModel
        class Nothing(BaseModel): ...
        @aijobs.job_type("in_a_thread")
        async def in_a_thread(context: aijobs.JobContext, payload: Nothing) -> dict[str, int]:
            return {"done": await asyncio.to_thread(int, "7")}
        client = aijobs.Client(job_types=[in_a_thread])
        print(client.submit(type="in_a_thread").result().done)
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "7\n", "")


def test_a_job_whose_script_ends_while_it_needs_threads_is_given_back(tmp_path: Path) -> None:
    """From the end of its main thread on a program gets no thread any more: that is no failure of a job."""
    there = f"sqlite:///{tmp_path}/jobs.db"
    ended = run(f"""
        import asyncio, time, aijobs_sdk as aijobs
        from pydantic import BaseModel
        class Nothing(BaseModel): ...
        @aijobs.job_type("steps")
        async def steps(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
            async with asyncio.TaskGroup() as group:  # which puts what it raises into a group of its own
                for _ in range(100):
                    await group.create_task(asyncio.to_thread(time.sleep, 0.05))
            return {{}}
        client = aijobs.Client({there!r}, job_types=[steps])
        jobs = [client.submit(type="steps") for _ in range(3)]
        while not all(job.refresh().attempts for job in jobs):
            time.sleep(0.01)
    """)
    client = aijobs.Client(there, concurrency=0)
    stand = [(job.status, job.attempts) for job in client.list()]
    assert (ended.returncode, ended.stderr, stand) == (0, "", [("pending", 0)] * 3)


def test_a_script_ends_while_a_handler_blocks_the_loop() -> None:
    ended = run("""
        import threading, time, aijobs_sdk as aijobs
        from pydantic import BaseModel
        class Nothing(BaseModel): pass
        blocked = threading.Event()
        @aijobs.job_type("hog")
        async def hog(context, payload: Nothing):
            blocked.set()
            time.sleep(250)
        client = aijobs.Client(job_types=[hog])
        job = client.submit(type="hog")
        blocked.wait()
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_script_ends_while_a_function_blocks_a_thread() -> None:
    ended = run("""
        import threading, time, aijobs_sdk as aijobs
        from pydantic import BaseModel
        class Nothing(BaseModel): pass
        blocked = threading.Event()
        @aijobs.job_type("nap")
        def nap(context, payload: Nothing):
            blocked.set()
            time.sleep(250)
        job = aijobs.Client(job_types=[nap]).submit(type="nap")
        blocked.wait()
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_script_may_end_with_an_async_client_open() -> None:
    ended = run("""
        import asyncio, aijobs_sdk as aijobs
        async def main():
            client = aijobs.AsyncClient()
            job = await client.submit(type="test_job", payload={"seconds": 250})
        asyncio.run(main())
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_forked_child_can_submit_wait_and_exit() -> None:
    ended = run("""
        import os, aijobs_sdk as aijobs
        client = aijobs.Client()
        before = client.submit(type="test_job", payload={"echo": "parent"}).result()
        pid = os.fork()
        if pid == 0:
            print(client.submit(type="test_job", payload={"echo": "child"}).result().echo, flush=True)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        print(client.submit(type="test_job", payload={"echo": "still here"}).result().echo)
    """)
    assert (ended.stdout.split("\n"), ended.stderr) == (["child", "still here", ""], "")


def test_a_forked_child_finishes_what_the_parent_began() -> None:
    ended = run("""
        import os, aijobs_sdk as aijobs
        job = aijobs.Client().submit(type="test_job", payload={"seconds": 1})
        while job.status != "processing": pass
        if os.fork() == 0:
            print(job.wait(timeout=10).status, flush=True)
            os._exit(0)
        os.wait()
    """)
    assert (ended.stdout, ended.stderr) == ("completed\n", "")


def test_an_interrupt_ends_the_waiting_and_not_the_job() -> None:
    script = LONG_JOB + textwrap.dedent("""
        print("waiting", flush=True)
        try:
            job.wait()
        except KeyboardInterrupt:
            print(job.status, job.cancel().message, job.wait().error.code)
    """)
    with child([sys.executable, "-c", HEARS_CTRL_C + script]) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "waiting\n"
        time.sleep(0.3)  # let it get into wait(); earlier or later, the promise is the same
        waiting.send_signal(signal.SIGINT)
        out, errors = waiting.communicate(timeout=20)
    assert (out, errors) == ("processing Cancelling cancelled\n", "")


def test_a_handle_unpickled_in_another_process_asks_there() -> None:
    ended = run("""
        import pickle, subprocess, sys, aijobs_sdk as aijobs
        data = pickle.dumps(aijobs.Client().submit(type="test_job"))
        code = "import pickle, sys; job = pickle.loads(sys.stdin.buffer.read()); print(repr(job)); job.wait()"
        there = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True)
        print(there.stdout.decode(), there.stderr.decode().splitlines()[-1])
    """)
    assert "<Job " in ended.stdout
    assert "JobNotFoundError: No job" in ended.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_everything_works_in_a_notebook_sync_and_async(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[
            nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
            for source in (
                f"import aijobs_sdk as aijobs\nFOLDER = {str(tmp_path)!r}",
                "len(aijobs.Client().submit('hi', model='gpt-5.2').result().content) > 0",
                "job = await aijobs.AsyncClient().submit('hi', model='gpt-5.2')\nlen((await job).content) > 0",
                "files = aijobs.export_usage([], FOLDER)\naijobs.Usage(files).report('2026-01').totals.rows == 0",
            )
        ]
    )
    NotebookClient(notebook, timeout=30).execute()
    outputs = [cell.outputs[0]["data"]["text/plain"] for cell in notebook.cells[1:]]
    assert outputs == ["True", "True", "True"]


def test_an_interrupt_ends_the_following_of_all_jobs_that_were_waited_for() -> None:
    ended = run("""
        import asyncio, os, signal, threading
        import aijobs_sdk as aijobs

        async def followed():
            return sum("_end_of" in repr(task) for task in asyncio.all_tasks())

        job = aijobs.Client().submit(type="test_job", payload={"seconds": 60})
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            aijobs.wait([job])
        except KeyboardInterrupt:
            job.refresh()
            print(job.portal.call(followed))
    """)
    assert (ended.stdout, ended.stderr) == ("0\n", "")
