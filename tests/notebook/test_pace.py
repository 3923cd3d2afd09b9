"""How fast rows are finished, by what was seen of the last half minute."""

from __future__ import annotations

import pytest

from aijobs_sdk.notebook.pace import WINDOW_SECONDS, Pace


def after(*seen: tuple[float, int]) -> float | None:
    pace = Pace()
    return [pace.note(seconds, finished) for seconds, finished in seen][-1]


def test_one_look_says_nothing() -> None:
    assert after((3.0, 120)) is None


def test_a_moment_says_nothing() -> None:
    assert after((3.0, 120), (3.2, 140)) is None


def test_a_batch_that_was_met_in_its_midst_is_judged_by_what_was_seen_of_it() -> None:
    assert after((100.0, 4000), (102.0, 4020)) == 10.0


def test_it_stays_while_no_row_is_finished_so_that_nothing_is_drawn_anew() -> None:
    assert after((0.0, 0), (2.0, 20), (9.0, 20)) == 10.0


def test_a_while_without_a_row_is_a_pace_of_nothing() -> None:
    assert after((0.0, 0), (2.0, 20), (12.0, 20)) == 0.0
    assert after((0.0, 0), (2.0, 20), (12.0, 20), (13.0, 31)) == pytest.approx(31 / 13)


def test_what_was_slow_long_ago_does_not_count() -> None:
    slow = [(float(second), second) for second in range(60)]
    fast = [(60.0 + second, 60 + 10 * second) for second in range(round(WINDOW_SECONDS) + 2)]
    assert after(*slow, *fast) == pytest.approx(10.0)


def test_rows_that_are_sent_again_do_not_make_it_negative() -> None:
    assert after((0.0, 0), (2.0, 20), (3.0, 15), (4.0, 19)) == 4.0


def test_a_pause_takes_no_time() -> None:
    assert after((0.0, 0), (1.0, 10), (1.0, 10), (2.0, 20)) == 10.0
