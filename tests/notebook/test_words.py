"""Numbers in words: what every surface shows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aijobs_sdk.notebook.snapshot import Cause, Phase, Tail
from aijobs_sdk.notebook.view import CauseLine, Labelled, Shares
from aijobs_sdk.notebook.words import worded
from panels.views import NOW, batch_snapshot, batch_view, job_view


def causes(number: int) -> tuple[Cause, ...]:
    return tuple(
        Cause(code=f"cause_{place}", count=1, message="No.", examples=(place,)) for place in range(1, number + 1)
    )


def test_a_running_batch_says_how_far_it_is_how_fast_and_what_it_will_cost() -> None:
    view = batch_view()
    assert view.summary == "1,240 of 4,000 rows, 37 failed, 7 s left, 26.04 of 500.00 credits"
    assert view.facts == (
        ("done", "1,240 of 4,000"),
        ("ok", "1,203"),
        ("failed", "37"),
        ("running", "16"),
        ("rate", "394.0 rows/s"),
        ("left", "7 s"),
        ("tokens", "1,004,210 in, 177,031 out"),
        ("credits", "26.04"),
        ("projected", "84.00"),
        ("budget", "500.00"),
    )


def test_the_bar_has_a_share_for_each_way_a_row_may_stand() -> None:
    view = batch_view(skipped=40)
    assert (view.shares, view.percent) == (Shares(0.30075, 0.00925, 0.004, 0.01), 32)


def test_a_finished_batch_says_what_it_took_and_nothing_of_what_is_left() -> None:
    view = batch_view(phase=Phase.FINISHED, completed=3963, running=0, elapsed_seconds=125.0)
    assert view.summary == "4,000 of 4,000 rows, finished, 37 failed, 26.04 of 500.00 credits"
    assert Labelled("took", "2 min 5 s") in view.facts
    assert {"rate", "left", "running", "projected"}.isdisjoint(label for label, _ in view.facts)


def test_a_batch_whose_rows_nobody_has_read_does_not_say_how_many_there_are() -> None:
    view = batch_view(phase=Phase.READY, total=0, completed=0, failed=0, running=0, causes=(), credits=Decimal(0))
    assert view.summary == "ready, 0.00 of 500.00 credits"
    assert (view.percent, view.shares, view.facts[0]) == (0, Shares(0, 0, 0), ("ok", "0"))


def test_an_empty_batch_that_is_finished_is_whole() -> None:
    view = batch_view(phase=Phase.FINISHED, total=0, completed=0, failed=0, running=0, causes=())
    assert (view.percent, view.summary) == (100, "0 of 0 rows, finished, 26.04 of 500.00 credits")


@pytest.mark.parametrize(
    ("number", "more"),
    [(8, ""), (9, "and 1 more cause, 1 row"), (11, "and 3 more causes, 3 rows")],
)
def test_of_many_causes_the_rest_is_counted(number: int, more: str) -> None:
    view = batch_view(causes=causes(number))
    assert (len(view.causes), view.more_causes) == (8, more)


def test_at_the_end_more_causes_are_listed() -> None:
    view = worded(batch_snapshot(causes=causes(11)), None, now=NOW, most_causes=50)
    assert (len(view.causes), view.more_causes) == (11, "")


@pytest.mark.parametrize(
    ("count", "examples", "rows"),
    [(1, (1240,), "row 1,240"), (2, (3, 5), "rows 3, 5"), (14, (12, 88), "rows 12, 88, …"), (3, (), "")],
)
def test_a_cause_names_the_rows_that_are_known(count: int, examples: tuple[int, ...], rows: str) -> None:
    cause = Cause(code="timeout", count=count, message="Late.", examples=examples)
    assert batch_view(causes=(cause,)).causes[0].rows == rows


def test_a_long_message_is_cut_where_it_says_so() -> None:
    cause = Cause(code="timeout", count=1, message="x" * 200, examples=(1,))
    assert batch_view(causes=(cause,)).causes[0].message == "x" * 159 + "…"


def test_of_many_models_three_are_named() -> None:
    assert batch_view(models=("a", "b", "c", "d", "e")).models == "a, b, c and 2 more"


def test_a_job_says_what_it_does_and_what_it_writes() -> None:
    view = job_view(attempt=2)
    assert view.summary == "42 %, writing, attempt 2 of 3"
    assert (view.tail_label, view.shares) == ("answer", Shares(0.42, 0, 0))


def test_a_job_that_says_nothing_is_called_running_nowhere_but_in_its_phase() -> None:
    assert (job_view(message="").summary, job_view(message="", phase=Phase.READY).summary) == ("42 %", "42 %, ready")


def test_a_finished_job_says_what_it_cost() -> None:
    view = job_view(phase=Phase.FINISHED, percent=100, input_tokens=4, output_tokens=156, credits=Decimal("0.8263"))
    assert view.summary == "100 %, finished, 0.83 credits"
    assert view.facts[-2:] == (("tokens", "4 in, 156 out"), ("credits", "0.83"))


def test_a_job_that_is_tried_again_says_why() -> None:
    error = Cause(code="rate_limited", count=1, message="429", examples=())
    tried, failed = job_view(error=error), job_view(error=error, phase=Phase.FAILED)
    assert (tried.failures, failed.failures) == ("last attempt", "failed")
    assert tried.causes == failed.causes == (CauseLine(head="rate_limited", rows="", message="429"),)


def test_a_note_stands_beside_a_job() -> None:
    assert job_view(note="The cell lets go.").note == "The cell lets go."


def test_equal_snapshots_look_equal_at_any_time_of_day() -> None:
    later = NOW.replace(hour=11)
    tail = Tail(label="row 1", text="A boat.")
    first, second = (worded(batch_snapshot(tail=tail), 394.0, now=now) for now in (NOW, later))
    assert first == second
    assert (first.as_of, second.as_of) == ("10:21:07", "11:21:07")
