"""One thing on show: drawn where something changed, and at its end whatever came before."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Phase
from aijobs_sdk.notebook.words import worded
from panels.shown import Kept, Shown
from panels.views import batch_snapshot

SNAPSHOTS = st.builds(
    batch_snapshot,
    phase=st.sampled_from([Phase.READY, Phase.RUNNING, Phase.PAUSED]),
    completed=st.integers(0, 3),
    elapsed_seconds=st.floats(0, 100),
)
ENDS = st.builds(batch_snapshot, phase=st.sampled_from([Phase.FINISHED, Phase.CANCELLED]), completed=st.integers(0, 3))


def words_of(snapshot: BatchSnapshot) -> list[object]:
    """Return what is drawn of a snapshot, but for what hangs on those before it: how fast it went."""
    view = worded(snapshot, None, now=datetime.now(UTC))
    return [view.phase, view.shares, view.percent, view.note]


def drawn_of(kept: Kept) -> list[object]:
    view = (kept.finished or kept.drawn)[-1]
    return [view.phase, view.shares, view.percent, view.note]


@given(st.lists(SNAPSHOTS, min_size=1))
def test_what_was_drawn_last_is_how_it_stands(snapshots: list[BatchSnapshot]) -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    for shown.now in snapshots:
        panel.look()
    assert drawn_of(kept) == words_of(snapshots[-1])


@given(st.lists(SNAPSHOTS), ENDS)
def test_an_end_is_drawn_once_whatever_came_before(snapshots: list[BatchSnapshot], end: BatchSnapshot) -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    for shown.now in [*snapshots, end, end]:
        panel.look(draws=False)
    assert (kept.drawn, len(kept.finished), drawn_of(kept)) == ([], 1, words_of(end))


def test_nothing_is_drawn_where_nothing_changed() -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    panel.look()
    shown.stand(elapsed_seconds=12.5)
    panel.look()
    assert len(kept.drawn) == 1


def test_that_nothing_comes_any_more_is_drawn_once() -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    panel.look()
    shown.stand(elapsed_seconds=30.0)
    panel.look()
    shown.stand(elapsed_seconds=60.0)
    panel.look()
    assert [("rate", "0.0 rows/s") in view.facts for view in kept.drawn] == [False, True]


def test_what_is_over_is_not_looked_at_again() -> None:
    shown, kept = Shown(batch_snapshot(phase=Phase.FINISHED)), Kept()
    panel = Panel(shown, kept)
    panel.look()
    panel.look()
    panel.finish()
    assert (shown.looks, kept.phases) == (1, [Phase.FINISHED])


def test_it_may_be_finished_in_its_midst() -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    panel.look()
    panel.finish()
    assert (panel.is_over, kept.phases) == (True, [Phase.RUNNING, Phase.RUNNING])


@pytest.mark.parametrize("phase", [Phase.READY, Phase.PAUSED])
def test_what_is_at_rest_is_not_kept_alive_by_being_on_show(phase: Phase) -> None:
    shown, kept = Shown(batch_snapshot(phase=phase)), Kept()
    panel = Panel(shown, kept)
    panel.look()
    del shown
    gc.collect()
    panel.look()
    assert (panel.is_over, kept.phases) == (True, [phase, phase])


def test_what_runs_is_kept_until_its_end_was_drawn() -> None:
    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    panel.look()
    shown.stand(phase=Phase.FINISHED)
    del shown
    gc.collect()
    panel.look()
    assert kept.phases == [Phase.RUNNING, Phase.FINISHED]
