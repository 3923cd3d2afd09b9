"""Interrupts in a notebook: once lets go, twice within a second cancels; elsewhere all stays as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from aijobs_sdk.client import interrupting
from aijobs_sdk.client.interrupting import letting_go
from aijobs_sdk.notebook.frontend import Frontend
from cells import Cells, running_cells
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


@pytest.fixture
def notebook() -> Iterator[Cells]:
    first = """
        import aijobs_sdk as aijobs
        client = aijobs.Client()
        batch = client.batch(["a", "b", "c"] * 40, prompt="{text}", model="gpt-5.2", concurrency=1, dedupe=False)
        job = client.submit(type="test_job", payload={"seconds": 250})
    """
    with running_cells(os.environ, first) as cells:
        yield cells


def interrupted(notebook: Cells, cell: str, *, times: int) -> str:
    """Return how a cell ends that is interrupted so often, half a second apart, once it waits."""
    waiting = notebook.start(cell)
    for _ in range(times):
        time.sleep(0.5)
        notebook.interrupt()
    return notebook.result_of(waiting)


def test_in_a_kernel_a_batch_goes_on_after_one_interrupt_and_ends_after_two(notebook: Cells) -> None:
    assert interrupted(notebook, "batch.run()", times=1) == "KeyboardInterrupt"
    assert notebook.run("it = batch.on_show.snapshot().phase == 'running'") == "True"
    assert interrupted(notebook, "batch.run()", times=2) == "KeyboardInterrupt"
    notebook.wait_until("batch.on_show.snapshot().phase == 'cancelled'")
    assert notebook.run("it = batch.progress.finished < 120") == "True"


def test_in_a_kernel_a_job_goes_on_after_one_interrupt_and_ends_after_two(notebook: Cells) -> None:
    assert interrupted(notebook, "job.result()", times=1) == "KeyboardInterrupt"
    assert notebook.run("it = job.status == 'processing'") == "True"
    assert interrupted(notebook, "job.result()", times=2) == "KeyboardInterrupt"
    notebook.wait_until("job.cancelled()")
