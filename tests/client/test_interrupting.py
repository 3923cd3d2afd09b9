"""Interrupts in a notebook: once lets go, twice within a second cancels; elsewhere all stays as it was."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from aijobs_sdk.client import interrupting
from aijobs_sdk.client.interrupting import letting_go
from aijobs_sdk.notebook.frontend import Frontend
from panels.shown import Shown


class Waiting:
    """A call that is interrupted, and whatever happens meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, frontend: Frontend, *, again: bool) -> None:
        self.on_show = ShownAside()
        self.told: list[str] = []
        self.cancels = 0
        self._again = again
        monkeypatch.setattr(interrupting, "current_frontend", lambda: frontend)
        monkeypatch.setattr(interrupting, "sleep", self._sleep)

    def _sleep(self, _: float) -> None:
        self.told.append(self.on_show.aside)
        if self._again:
            raise KeyboardInterrupt

    def cancel(self) -> None:
        self.cancels += 1

    def wait(self) -> None:
        with letting_go(self, noun="batch"):
            self._block()

    def _block(self) -> None:
        raise KeyboardInterrupt


class ShownAside(Shown):
    """On show, with something to say."""

    aside = ""


def test_once_lets_go_and_says_what_twice_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(monkeypatch, Frontend.NOTEBOOK, again=False)
    with pytest.raises(KeyboardInterrupt):
        waiting.wait()
    assert waiting.told == ["The cell lets go, the batch goes on. Interrupt again to cancel it."]
    assert (waiting.cancels, waiting.on_show.aside) == (0, "")


def test_twice_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(monkeypatch, Frontend.EXECUTED, again=True)
    with pytest.raises(KeyboardInterrupt):
        waiting.wait()
    assert (waiting.cancels, waiting.on_show.aside) == (1, "")


@pytest.mark.parametrize("frontend", [Frontend.TERMINAL, Frontend.PIPE, Frontend.MARIMO])
def test_elsewhere_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch, frontend: Frontend) -> None:
    waiting = Waiting(monkeypatch, frontend, again=True)
    with pytest.raises(KeyboardInterrupt):
        waiting.wait()
    assert (waiting.told, waiting.cancels) == ([], 0)


def test_a_cell_is_not_told_how_it_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(monkeypatch, Frontend.NOTEBOOK, again=False)
    with pytest.raises(KeyboardInterrupt) as caught:
        waiting.wait()
    assert "_block" not in [entry.name for entry in caught.traceback]


class Notebook:
    """Cells that run in a real kernel."""

    def __init__(self, manager: KernelManager, kernel: BlockingKernelClient) -> None:
        self.interrupt = manager.interrupt_kernel
        self._kernel = kernel

    def start(self, cell: str) -> str:
        # Else what is asked right after an error is not run at all.
        return str(self._kernel.execute(textwrap.dedent(cell), user_expressions={"it": "it"}, stop_on_error=False))

    def result_of(self, started: str) -> str:
        """Return the text of `it` after a cell, or the name of its error."""
        content = self._reply_to(started)
        return str(content["ename"] if content["status"] != "ok" else content["user_expressions"]["it"])

    def run(self, cell: str) -> str:
        return self.result_of(self.start(cell))

    def wait_until(self, expression: str) -> None:
        while "True" not in self.run(f"it = {expression}"):
            time.sleep(0.1)

    def _reply_to(self, started: str) -> dict[str, Any]:
        replies = iter(lambda: self._kernel.get_shell_msg(timeout=60), None)
        return next(reply["content"] for reply in replies if reply["parent_header"]["msg_id"] == started)


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    manager, kernel = start_new_kernel(kernel_name="python3", env=dict(os.environ))
    try:
        opened = Notebook(manager, kernel)
        opened.run("""
            import aijobs_sdk as aijobs
            client = aijobs.Client()
            batch = client.batch(["a", "b", "c"] * 40, prompt="{text}", model="gpt-5.2", concurrency=1, dedupe=False)
            job = client.submit(type="test_job", payload={"seconds": 250})
            it = None
        """)
        yield opened
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def interrupted(notebook: Notebook, cell: str, *, times: int) -> str:
    """Return how a cell ends that is interrupted so often, half a second apart, once it waits."""
    waiting = notebook.start(cell)
    for _ in range(times):
        time.sleep(0.5)
        notebook.interrupt()
    return notebook.result_of(waiting)


def test_in_a_kernel_a_batch_goes_on_after_one_interrupt_and_ends_after_two(notebook: Notebook) -> None:
    assert interrupted(notebook, "batch.run()", times=1) == "KeyboardInterrupt"
    assert "True" in notebook.run("it = batch.on_show.snapshot().phase == 'running'")
    assert interrupted(notebook, "batch.run()", times=2) == "KeyboardInterrupt"
    notebook.wait_until("batch.on_show.snapshot().phase == 'cancelled'")
    assert "True" in notebook.run("it = batch.progress.finished < 120")


def test_in_a_kernel_a_job_goes_on_after_one_interrupt_and_ends_after_two(notebook: Notebook) -> None:
    assert interrupted(notebook, "job.result()", times=1) == "KeyboardInterrupt"
    assert "True" in notebook.run("it = job.status == 'processing'")
    assert interrupted(notebook, "job.result()", times=2) == "KeyboardInterrupt"
    notebook.wait_until("job.cancelled()")
