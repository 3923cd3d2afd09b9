"""Notebook manners: a batch in a real kernel prints nothing a row, lets itself be interrupted, and needs no kernel."""

from __future__ import annotations

import json
import os
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from batch.crash.crash_worlds import ONLY_LONG, Place, answers, tasks, wait_until

ROWS = 100
ALL_ANSWERED = repr(json.dumps(answers(tasks(ROWS))))

pytestmark = pytest.mark.timeout(180)


class Notebook:
    """Cells that run in a real kernel."""

    def __init__(self, manager: KernelManager, kernel: BlockingKernelClient) -> None:
        self._manager = manager
        self._kernel = kernel
        self.shown: list[str] = []
        """What kinds of output came, one for each message."""

    def run(self, cell: str) -> str:
        """Run a cell; return the text of `it` after that, or the name of its error."""
        return self.result_of(self.start(cell))

    def start(self, cell: str) -> str:
        return str(self._kernel.execute(textwrap.dedent(cell), user_expressions={"it": "it"}))

    def result_of(self, started: str) -> str:
        content = self._reply_to(started)
        self._read_output(started)
        if content["status"] != "ok":
            return str(content["ename"])
        return str(content["user_expressions"]["it"]["data"]["text/plain"])

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def _reply_to(self, started: str) -> dict[str, Any]:
        replies = iter(lambda: self._kernel.get_shell_msg(timeout=60), None)
        return next(reply["content"] for reply in replies if reply["parent_header"]["msg_id"] == started)

    def _read_output(self, started: str) -> None:
        messages = iter(lambda: self._kernel.get_iopub_msg(timeout=60), None)
        for message in (one for one in messages if one["parent_header"].get("msg_id") == started):
            if message["content"].get("execution_state") == "idle":
                return
            self.shown.append(message["msg_type"])


@pytest.fixture
def notebook(place: Place) -> Iterator[Notebook]:
    env = os.environ | place.environment | {"AIJOBS_URL": place.url}
    manager, kernel = start_new_kernel(kernel_name="python3", env=env)
    try:
        opened = Notebook(manager, kernel)
        opened.run(f"""
            import json, aijobs_sdk as aijobs
            rows = [{{"task": f"Task {{n}}."}} for n in range({ROWS})]
            client = aijobs.Client()
            batch = client.batch(rows, prompt="{{task}}", model="gpt-5.2", name="tasks", concurrency=10)
            it = None
        """)
        yield opened
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


@ONLY_LONG
def test_a_cell_that_runs_a_batch_prints_nothing_and_shows_it_once(notebook: Notebook) -> None:
    notebook.shown.clear()
    assert notebook.run("it = json.dumps([row.content for row in batch.run()])") == ALL_ANSWERED
    assert {"stream", "execute_result"}.isdisjoint(notebook.shown)
    assert notebook.shown.count("display_data") == 1


def test_an_interrupt_ends_the_cell_and_not_the_batch(notebook: Notebook, place: Place) -> None:
    waiting = notebook.start("batch.run()")
    wait_until(lambda: place.calls() >= 10)
    began = time.monotonic()
    notebook.interrupt()
    assert notebook.result_of(waiting) == "KeyboardInterrupt"
    assert time.monotonic() - began <= 3  # issue 7 promises 2; one of them the cell waits for a second interrupt
    assert len(place.runners) == 1
    assert notebook.run("it = json.dumps([row.content for row in batch.run()])") == ALL_ANSWERED
    assert place.asked() == dict.fromkeys(tasks(ROWS), 1)


@ONLY_LONG
def test_a_batch_needs_nothing_of_a_kernel_that_is_busy(notebook: Notebook, place: Place) -> None:
    spins = f"""
        batch.start()
        while sum(1 for line in open({str(place.calls_file)!r})) < {2 * ROWS}:
            pass
        it = "all answered"
    """
    assert notebook.run(spins) == "'all answered'"
    assert place.answered() == dict.fromkeys(tasks(ROWS), 1)
