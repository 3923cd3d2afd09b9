"""Calls that run a batch show it while they block."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.client import portal
from aijobs_sdk.contract.errors import BatchPausedError
from aijobs_sdk.notebook import show as showing
from aijobs_sdk.notebook.frontend import Frontend
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.snapshot import Command, Phase
from aijobs_sdk.notebook.view import View
from batch.batch_worlds import TASKS, WatchedBackend, a_batch
from panels.shown import Kept


class KeptByThread(Kept):
    """Keeps which threads drew, too."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def draw(self, view: View) -> None:
        super().draw(view)
        self.threads.add(threading.current_thread().name)


class Page:
    """Where panels are drawn, and what was drawn on each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.frontend = Frontend.NOTEBOOK
        self.panels: list[KeptByThread] = []
        monkeypatch.setattr(showing, "current_frontend", lambda: self.frontend)
        monkeypatch.setattr(showing, "surface_for", self._surface_for)

    def _surface_for(self, *_: object, is_asked_for: bool) -> KeptByThread:
        self.panels.append(KeptByThread())
        return self.panels[-1]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    yield Page(monkeypatch)
    hub.close()


@pytest.fixture
def batch(sim: aijobs.Mock) -> aijobs.Batch:
    return aijobs.Client().batch(TASKS, prompt="{task}", model="gpt-5.2", concurrency=2)


def test_a_run_is_on_show_from_its_first_moment_to_its_end(page: Page, batch: aijobs.Batch) -> None:
    batch.run()
    [panel] = page.panels
    assert (panel.phases[0], panel.drawn[0].note) == (Phase.RUNNING, "Its rows are being read and checked.")
    assert [view.facts[0].value for view in panel.finished] == ["12 of 12"]


def test_a_batch_that_is_on_show_is_run_there(page: Page, batch: aijobs.Batch) -> None:
    batch.show()
    batch.run()
    [panel] = page.panels
    assert (panel.phases[0], panel.phases[-1]) == (Phase.READY, Phase.FINISHED)


def test_a_started_batch_is_on_show_while_it_is_waited_for(page: Page, batch: aijobs.Batch) -> None:
    batch.start().wait()
    [panel] = page.panels
    assert (panel.phases[0], panel.phases[-1]) == (Phase.RUNNING, Phase.FINISHED)


def test_failures_that_are_retried_are_a_run_of_its_own(page: Page, sim: aijobs.Mock, batch: aijobs.Batch) -> None:
    sim.on(prompt="*harbour 1.").do(aijobs.fail("content_filter"))
    batch.run()
    sim.on(prompt="*harbour 1.").do(aijobs.ok())
    batch.retry_failures()
    first, second = page.panels
    assert [panel.finished[0].failures for panel in page.panels] == ["1 failed", ""]
    assert (first.phases[0], second.phases[0]) == (Phase.RUNNING, Phase.RUNNING)


def test_a_paused_batch_stays_on_show_to_be_resumed(page: Page, batch: aijobs.Batch) -> None:
    batch.set(budget=1)
    with pytest.raises(BatchPausedError):
        batch.run()
    [panel] = page.panels
    assert (panel.finished, panel.drawn[-1].commands) == ([], (Command.RESUME, Command.CANCEL))
    assert "budget of 1 credits is used up" in panel.drawn[-1].note


def test_a_call_that_times_out_leaves_a_running_batch_on_show(page: Page, batch: aijobs.Batch) -> None:
    with pytest.raises(TimeoutError):
        batch.wait(timeout=0.1)
    assert (page.panels[0].phases[-1], hub.has(batch.on_show)) == (Phase.RUNNING, True)


def test_where_threads_reach_no_page_the_caller_draws_while_it_waits(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.frontend = Frontend.COLAB
    monkeypatch.setattr(portal, "PULSE_SECONDS", 0.001)
    with aijobs.mock(seed=7, clock="real", profile="instant"):
        aijobs.Client().batch([*TASKS * 20], prompt="{task}", model="gpt-5.2", dedupe=False, concurrency=1).run()
    [panel] = page.panels
    assert panel.threads == {"MainThread"}
    assert len(panel.drawn) > 2
    assert [view.facts[0].value for view in panel.finished] == ["240 of 240"]


def test_in_a_log_what_is_over_soon_says_nothing(batch: aijobs.Batch, capsys: pytest.CaptureFixture[str]) -> None:
    batch.run()
    assert capsys.readouterr() == ("", "")


@pytest.mark.anyio
async def test_an_awaited_run_is_on_show_as_well(page: Page, backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    await batch.run()
    [panel] = page.panels
    assert (panel.phases[0], panel.phases[-1]) == (Phase.RUNNING, Phase.FINISHED)


@pytest.mark.anyio
async def test_rows_that_are_read_as_they_come_are_not_shown(page: Page, backend: WatchedBackend) -> None:
    rows = [row async for row in a_batch(backend).as_completed()]
    assert (len(rows), page.panels) == (12, [])
