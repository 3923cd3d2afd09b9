"""One name, two notebooks: the same call waits for the run that is there, another is told who runs it."""

from __future__ import annotations

import pytest

from batch.crash.crash_worlds import ONLY_LONG, Place, answers, tasks, wait_until

pytestmark = pytest.mark.timeout(180)


@ONLY_LONG
def test_the_same_call_in_a_second_notebook_waits_for_the_first_one_s_run(place: Place) -> None:
    asked = tasks(100)
    first = place.kernel(asked)
    wait_until(lambda: place.calls() >= 10)
    assert place.run(asked) == first.result() == {"contents": answers(asked)}
    assert place.asked() == dict.fromkeys(asked, 1)


@ONLY_LONG
def test_two_notebooks_that_begin_at_once_send_each_row_once(place: Place) -> None:
    asked = tasks(60)
    first, second = place.kernel(asked), place.kernel(asked)
    came = [first.result(), second.result()]
    assert {"contents": answers(asked)} in came
    assert place.asked() == dict.fromkeys(asked, 1)
    assert len(place.runners) <= 1


def test_a_run_that_is_not_detached_is_told_who_holds_the_name(place: Place) -> None:
    asked = tasks(300)
    first = place.kernel(asked, detach=False, concurrency=2)
    wait_until(lambda: place.calls() >= 5)
    refused = place.run(asked, detach=False)
    assert refused["error"] == "BatchHeldError"
    assert f"process {first.pid} on " in refused["message"]
