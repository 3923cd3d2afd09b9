"""A killed runner: no row is lost, no answer that was kept is paid for again, and the same call goes on."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from random import Random

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.client.batch import Batch
from aijobs_sdk.contract.batches import BatchState
from batch.crash.crash_worlds import CONCURRENCY, KILLS, ONLY_LONG, ROWS, Place, answers, tasks, wait_until
from batch.crash.kernel import NAME

pytestmark = [
    pytest.mark.timeout(600),
    # Whoever started a runner drops it while it ends: it is to outlive them.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def a_batch(client: aijobs.Client, asked: list[str]) -> Batch:
    rows = [{"task": task} for task in asked]
    return client.batch(rows, prompt="{task}", model="gpt-5.2", name=NAME, concurrency=CONCURRENCY)


def contents(rows: Sequence[aijobs.BatchRow]) -> list[str | None]:
    return [row.content for row in rows]


def run_until_the_runner_is_killed(place: Place, batch: Batch, calls: int) -> dict[str, int]:
    """Kill whoever runs a batch after so many more calls; return how often what was kept by then had been asked."""
    before = place.calls()
    batch.start()
    wait_until(lambda: place.calls() >= before + calls)
    place.signal_runners(signal.SIGKILL)
    asked = place.asked()
    kept = {prompt: asked[prompt] for prompt in place.kept()}
    with pytest.raises(aijobs.BatchPausedError, match="has ended before its work was done"):
        batch.wait()
    return kept


def test_a_runner_that_is_killed_repeats_only_what_was_in_flight(place: Place, client: aijobs.Client) -> None:
    asked = tasks(ROWS)
    draws = Random(2)
    lives = [draws.randint(1, ROWS // (KILLS + 1)) for _ in range(KILLS)]
    kept = [run_until_the_runner_is_killed(place, a_batch(client, asked), calls) for calls in lives]
    assert contents(a_batch(client, asked).run()) == answers(asked)
    print(place.figures())  # noqa: T201 - with `pytest -s`
    calls = place.asked()
    assert calls.keys() == set(asked)
    assert [prompt for life in kept for prompt, times in life.items() if calls[prompt] != times] == []
    assert calls.total() - ROWS <= KILLS * CONCURRENCY


@ONLY_LONG
def test_a_call_that_is_repeated_names_itself_as_before(place: Place, client: aijobs.Client) -> None:
    asked = tasks(40)
    run_until_the_runner_is_killed(place, a_batch(client, asked), 15)
    a_batch(client, asked).run()
    assert place.calls() > 40  # those in flight were asked again
    assert all(len(keys) == 1 for keys in place.keys().values())


def test_a_runner_that_is_killed_before_it_began_is_told_of_and_the_same_call_goes_on(
    place: Place, client: aijobs.Client
) -> None:
    batch = a_batch(client, tasks(40)).start()
    wait_until(lambda: place.runners)
    place.signal_runners(signal.SIGKILL)
    with pytest.raises(aijobs.ConfigurationError, match=r"did not begin\. Its log is at .*, and empty"):
        batch.wait()
    assert contents(batch.run()) == answers(tasks(40))
    assert place.asked() == dict.fromkeys(tasks(40), 1)


def test_a_row_is_not_lost_however_often_its_runner_is_killed(place: Place, client: aijobs.Client) -> None:
    asked = tasks(10)
    kept = [run_until_the_runner_is_killed(place, a_batch(client, asked), 10) for _ in range(3)]
    assert kept == [{}] * 3
    assert contents(a_batch(client, asked).run()) == answers(asked)


@ONLY_LONG
def test_ten_changed_rows_are_ten_calls(place: Place, client: aijobs.Client) -> None:
    asked = tasks(100)
    a_batch(client, asked).run()
    edited = [f"Another {n}." if n % 10 == 0 else task for n, task in enumerate(asked)]
    assert contents(a_batch(client, edited).run()) == answers(edited)
    assert place.asked() == dict.fromkeys({*asked, *edited}, 1)


def test_a_runner_that_is_told_to_stop_lets_its_calls_end_and_pauses(place: Place, client: aijobs.Client) -> None:
    asked = tasks(100)
    batch = a_batch(client, asked).start()
    wait_until(lambda: place.calls() >= 30)
    place.signal_runners(signal.SIGTERM)
    with pytest.raises(aijobs.BatchPausedError, match="paused it"):
        batch.wait()
    assert place.asked() == place.answered()
    assert (batch.progress.state, batch.progress.running) == (BatchState.PAUSED, 0)
    assert contents(a_batch(client, asked).run()) == answers(asked)
    assert place.asked() == dict.fromkeys(asked, 1)


@ONLY_LONG
def test_a_notebook_and_its_runner_killed_together_lose_nothing(place: Place) -> None:
    asked = tasks(60)
    kernel = place.kernel(asked)
    wait_until(lambda: place.calls() >= 20)
    kernel.kill()
    place.signal_runners(signal.SIGKILL)
    kept = place.kept()
    assert place.run(asked) == {"contents": answers(asked)}
    calls = place.asked()
    assert [prompt for prompt in kept if calls[prompt] > 1] == []
    assert calls.total() - 60 <= CONCURRENCY


@ONLY_LONG
def test_a_kernel_killed_while_rows_are_kept_begins_anew(place: Place) -> None:
    asked = [f"Task {n % 5}." for n in range(20_000)]
    kernel = place.kernel(asked)
    wait_until(lambda: place.query("SELECT 1 FROM batch_rows LIMIT 1"))
    kernel.kill()
    assert place.calls() == 0
    assert place.run(asked) == {"contents": answers(asked)}
    assert place.asked() == dict.fromkeys(asked, 1)
