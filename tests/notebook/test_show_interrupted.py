"""In a terminal the last line says what became of something that was interrupted."""

from __future__ import annotations

import threading

import pytest

from aijobs_sdk.notebook import show as showing
from aijobs_sdk.notebook.frontend import Frontend
from aijobs_sdk.notebook.show import on_show
from aijobs_sdk.notebook.snapshot import Phase
from panels.shown import Kept, Shown


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What is drawn in a terminal."""
    kept = Kept()
    monkeypatch.setattr(showing, "current_frontend", lambda: Frontend.TERMINAL)
    monkeypatch.setattr(showing, "surface_for", lambda *_, is_asked_for: kept)
    return kept


def interrupted(shown: Shown) -> None:
    with on_show(shown):
        raise KeyboardInterrupt


def test_what_stops_soon_after_was_stopped(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "STOPPING_SECONDS", 30)  # the timer may be late
    shown = Shown()
    threading.Timer(0.05, lambda: shown.stand(phase=Phase.PAUSED)).start()
    with pytest.raises(KeyboardInterrupt):
        interrupted(shown)
    assert [view.phase for view in kept.finished] == [Phase.PAUSED]


def test_what_goes_on_all_the_same_is_running(kept: Kept) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(Shown())
    assert [view.phase for view in kept.finished] == [Phase.RUNNING]
