"""One thread for all that is on show: often at first, then less so, and nobody stops anybody else."""

from __future__ import annotations

import os
import threading

import pytest

from aijobs_sdk.notebook.hub import FAST_SECONDS, Hub
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import Command, Phase
from aijobs_sdk.notebook.view import View
from panels.shown import Broken, Kept, Rounds, Shown
from panels.views import batch_snapshot


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


def on_show(rounds: Rounds, shown: Shown, kept: Kept) -> Panel:
    panel = Panel(shown, kept)
    rounds.hub.add(panel)
    return panel


def test_a_panel_is_drawn_as_soon_as_it_is_put_on_show(rounds: Rounds) -> None:
    kept = Kept()
    shown = Shown()
    on_show(rounds, shown, kept)
    assert (kept.phases, rounds.hub.has(shown)) == ([Phase.RUNNING], True)


def test_what_is_over_from_the_start_is_drawn_and_forgotten(rounds: Rounds) -> None:
    shown, kept = Shown(batch_snapshot(phase=Phase.FINISHED)), Kept()
    on_show(rounds, shown, kept)
    assert (kept.phases, rounds.hub.has(shown)) == ([Phase.FINISHED], False)


def test_it_looks_ten_times_a_second_for_a_minute_then_four_times(rounds: Rounds) -> None:
    shown = Shown()
    on_show(rounds, shown, Kept())
    rounds.go(FAST_SECONDS)
    fast, shown.looks = shown.looks, 0
    rounds.go(30)
    assert fast == pytest.approx(600, abs=2)
    assert shown.looks == pytest.approx(100, abs=2)


def test_a_slow_surface_is_spared_and_still_told_of_the_end_at_once(rounds: Rounds) -> None:
    shown, kept = Shown(), Kept(most_per_second=0.5)
    on_show(rounds, shown, kept)
    shown.stand(completed=1)
    rounds.go(1)
    shown.stand(phase=Phase.FINISHED)
    rounds.go(0.1)
    assert kept.phases == [Phase.RUNNING, Phase.FINISHED]


def test_a_slow_surface_shows_the_last_change_when_its_time_comes(rounds: Rounds) -> None:
    shown, kept = Shown(), Kept(most_per_second=0.5)
    on_show(rounds, shown, kept)
    last = shown.stand(completed=1)
    rounds.go(2.1)
    assert (len(kept.drawn), kept.drawn[-1].facts[1].value) == (2, str(last.completed))


def hundred_on_show(rounds: Rounds) -> dict[Shown, Kept]:
    shown = {Shown(): Kept() for _ in range(100)}
    for one, kept in shown.items():
        on_show(rounds, one, kept)
    return shown


def test_a_page_with_a_hundred_panels_is_sent_thirty_views_a_second_which_all_of_them_share(rounds: Rounds) -> None:
    shown = hundred_on_show(rounds)
    rounds.go(20, counted=list(shown))
    drawn = [len(kept.drawn) - 1 for kept in shown.values()]
    assert (sum(drawn), min(drawn)) == (20 * 30, 5)


def test_panels_at_which_nothing_happens_slow_no_other(rounds: Rounds) -> None:
    shown, *_ = others = hundred_on_show(rounds)
    rounds.go(20, counted=[shown])
    assert len(others[shown].drawn) == pytest.approx(200, abs=2)


def test_an_end_is_drawn_at_once_however_many_there_are(rounds: Rounds) -> None:
    shown = hundred_on_show(rounds)
    rounds.go(0.1, counted=list(shown), phase=Phase.FINISHED)
    assert {len(kept.finished) for kept in shown.values()} == {1}


def test_nothing_is_said_while_nothing_changes(rounds: Rounds) -> None:
    kept = Kept()
    shown = Shown()
    on_show(rounds, shown, kept)
    rounds.go(120)
    assert len(kept.drawn) == 1


def test_a_panel_that_cannot_be_drawn_stops_no_other(rounds: Rounds, caplog: pytest.LogCaptureFixture) -> None:
    broken, shown, kept = Shown(), Shown(), Kept()
    on_show(rounds, broken, Broken())
    on_show(rounds, shown, kept)
    shown.stand(phase=Phase.FINISHED)
    rounds.go(0.1)
    assert (kept.phases, rounds.hub.has(broken)) == ([Phase.RUNNING, Phase.FINISHED], False)
    assert [record.getMessage() for record in caplog.records] == ["A panel could not be drawn, and is left as it is."]


def test_a_panel_that_is_left_to_its_caller_is_not_looked_at(rounds: Rounds) -> None:
    shown, kept = Shown(), Kept()
    panel = on_show(rounds, shown, kept)
    panel.is_left_to_its_caller = True
    shown.stand(phase=Phase.FINISHED)
    rounds.go(1)
    by_then = kept.phases
    rounds.hub.look_now(shown)
    assert (by_then, kept.phases) == ([Phase.RUNNING], [Phase.RUNNING, Phase.FINISHED])


def test_at_exit_everything_is_drawn_for_the_last_time(rounds: Rounds) -> None:
    kept = [Kept(), Kept()]
    panels = [Shown(), Shown()]
    on_show(rounds, panels[0], kept[0])
    on_show(rounds, panels[1], kept[1])
    rounds.hub.close()
    assert [len(one.finished) for one in kept] == [1, 1]


def test_an_ending_program_waits_for_no_page_that_does_not_listen(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aijobs_sdk.notebook.hub.EXIT_SECONDS", 0.01)
    shown, kept = Shown(), Kept()
    on_show(rounds, shown, kept)
    with rounds.hub._looking:  # as held by a thread that is stuck in drawing
        rounds.hub.close()
    assert kept.finished == []


def test_a_thread_of_its_own_draws_what_changed_and_ends_when_nothing_is_left() -> None:
    hub, shown, kept = Hub(), Shown(), Kept()
    hub.add(Panel(shown, kept))
    thread = hub._thread
    assert thread is not None
    assert (thread.name, thread.daemon) == ("aijobs-display", True)
    shown.stand(phase=Phase.FINISHED)
    thread.join(timeout=10)
    assert (thread.is_alive(), hub._thread, kept.phases) == (False, None, [Phase.RUNNING, Phase.FINISHED])


def test_it_begins_again_after_its_thread_has_ended() -> None:
    hub, kept = Hub(), Kept()
    hub.add(Panel(Shown(batch_snapshot(phase=Phase.FINISHED)), Kept()))
    shown = Shown()
    hub.add(Panel(shown, kept))
    shown.stand(phase=Phase.CANCELLED)
    thread = hub._thread
    assert thread is not None
    thread.join(timeout=10)
    assert kept.phases == [Phase.RUNNING, Phase.CANCELLED]


class Steering(Kept):
    """Is clicked while it is drawn, as a page may answer from another thread."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown

    def draw(self, view: View) -> None:
        super().draw(view)
        click = threading.Thread(target=self._shown.steer, args=[Command.CANCEL])
        click.start()
        click.join(timeout=10)


def test_a_click_is_heard_while_a_view_is_drawn(rounds: Rounds) -> None:
    shown = Shown()
    on_show(rounds, shown, Steering(shown))
    assert shown.steered == [Command.CANCEL]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_draws_nothing_of_its_parents_and_can_show_its_own() -> None:
    from aijobs_sdk.notebook.hub import hub  # noqa: PLC0415 - the one of this process

    shown, kept = Shown(), Kept()
    panel = Panel(shown, kept)
    hub.add(panel)
    with hub._lock, hub._looking:  # as its thread may hold them at that moment
        child = os.fork()
        if child == 0:
            os._exit(_show_in_a_child(hub, shown, kept))
    hub.finish(panel)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _show_in_a_child(hub: Hub, shown: Shown, kept: Kept) -> int:
    """Return 0 if all is as it should be."""
    own, mine = Shown(), Kept()
    hub.add(Panel(own, mine))
    own.stand(phase=Phase.FINISHED)
    hub.close()
    is_right = not hub.has(shown) and not kept.finished and mine.phases == [Phase.RUNNING, Phase.FINISHED]
    return 0 if is_right else 1
