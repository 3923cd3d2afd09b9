"""Lanes promise that no model holds back another, and that none is asked for more than it may."""

from __future__ import annotations

from collections import Counter

from aijobs_sdk.batch.running.lanes import FIRST_WINDOW, Lane, Lanes


def lanes_of(rows: dict[str, int], concurrency: int | dict[str, int] = 100) -> Lanes:
    lanes = Lanes(concurrency)
    for model, count in rows.items():
        for index in range(count):
            lanes.of(model).add(index)
    return lanes


def take_all(lanes: Lanes, now: float = 0.0) -> list[str]:
    """Send as many rows as may be sent without an answer; return of which models they are."""
    taken: list[str] = []
    while (lane := lanes.next(now)) is not None and len(taken) < 1_000:
        lane.take()
        taken.append(lane.model)
    return taken


def test_models_take_turns() -> None:
    lanes = lanes_of({"slow": 100, "fast": 100})
    assert take_all(lanes)[:4] == ["slow", "fast", "slow", "fast"]


def test_the_first_rows_of_a_model_are_few() -> None:
    assert len(take_all(lanes_of({"one": 100}))) == FIRST_WINDOW


def test_an_answer_opens_the_whole_window() -> None:
    lanes = lanes_of({"one": 100}, 50)
    lanes.of("one").has_answered = True
    assert len(take_all(lanes)) == 50


def test_a_model_that_was_asked_before_begins_with_what_it_was_found_to_take() -> None:
    lanes = lanes_of({"known": 100, "cut": 100, "new": 100}, {"known": 50, "cut": 50, "new": 50})
    lanes.begin_with({"known": 1000, "cut": 1, "of no row": 5})
    assert Counter(take_all(lanes)) == {"known": 50, "cut": FIRST_WINDOW, "new": FIRST_WINDOW}


def test_a_concurrency_for_each_model_is_kept() -> None:
    lanes = lanes_of({"one": 100, "other": 100}, {"one": 3, "other": 5})
    assert sorted(take_all(lanes)) == ["one"] * 3 + ["other"] * 5


def test_a_resting_model_is_not_asked_and_the_others_are() -> None:
    lanes = lanes_of({"resting": 5, "other": 5})
    lanes.of("resting").rest(10.0)
    assert take_all(lanes, now=9.0) == ["other"] * 5
    assert lanes.seconds_to_next(9.0) == 1.0
    assert take_all(lanes, now=10.0) == ["resting"] * 5


def test_a_row_that_is_put_back_is_the_next() -> None:
    lane = Lane("one", 10)
    for index in (7, 8):
        lane.add(index)
    first = lane.take()
    lane.put_back(first)
    lane.let_go()
    assert [lane.take(), lane.take(), len(lane)] == [7, 8, 0]
