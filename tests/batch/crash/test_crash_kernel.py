"""A killed notebook: the batch goes on without it, nothing is lost, and nothing is paid for twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batch.crash.crash_worlds import KILLS, ROWS, Place, answers, kill_points, tasks, wait_until

pytestmark = pytest.mark.timeout(600)


def run_until_it_is_killed(place: Place, asked: Sequence[str], calls: int) -> None:
    """Kill the whole process group of a kernel once the vendor was asked so often."""
    kernel = place.kernel(asked)
    wait_until(lambda: place.calls() >= calls)
    kernel.kill()


def test_a_kernel_that_works_on_jobs_itself_leaves_those_of_the_batch_alone(place: Place) -> None:
    asked = tasks(600)
    kernel = place.kernel(asked, works_itself=True, concurrency=200)
    wait_until(lambda: place.calls() >= 400)
    kernel.kill()
    assert place.run(asked) == {"contents": answers(asked)}
    assert place.asked() == dict.fromkeys(asked, 1)


def test_a_kernel_that_is_killed_loses_no_row_and_repeats_no_call(place: Place) -> None:
    asked = tasks(ROWS)
    for calls in kill_points(ROWS, KILLS, seed=1):
        run_until_it_is_killed(place, asked, calls)
    assert place.run(asked) == {"contents": answers(asked)}
    print(place.figures())  # noqa: T201 - with `pytest -s`
    assert place.asked() == dict.fromkeys(asked, 1)
