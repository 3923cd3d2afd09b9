"""Models do not stand in each other's way: each has a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import accumulate

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.running.lanes import FIRST_WINDOW
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.simulation.journal import Call
from batch.batch_worlds import WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

FAST, SLOW = "gpt-5.2", "claude-sonnet-4.5"
A_TICK = 2e-6
"""The clock tells microseconds, and ends are noted more finely than beginnings."""
ROWS = [{"task": f"Name river {n}."} for n in range(60)]


def most_at_once(calls: Sequence[Call], model: str) -> int:
    """Return how many calls of a model were under way at the same time."""
    of_model = [call for call in calls if call.model == model]
    begun = [(call.started_at_seconds or 0.0, 1) for call in of_model]
    ended = [((call.ends_at_seconds or 0.0) - A_TICK, -1) for call in of_model]
    return max(accumulate(step for _, step in sorted(begun + ended)))


def begun_before_an_answer(calls: Sequence[Call]) -> int:
    first = min(call.ends_at_seconds or 0.0 for call in calls)
    return sum((call.started_at_seconds or 0.0) < first - A_TICK for call in calls)


async def test_a_model_that_has_answered_a_batch_is_asked_for_the_next_one_at_once(
    sim: aijobs.Mock,
) -> None:
    backend = WatchedBackend(aijobs.AsyncClient(concurrency=60))
    await a_batch(backend, ROWS, concurrency=60).run()
    await a_batch(backend, [{"task": f"Name lake {n}."} for n in range(60)], concurrency=60).run()
    assert begun_before_an_answer(sim.calls[:60]) == FIRST_WINDOW
    assert begun_before_an_answer(sim.calls[60:]) == 60


async def test_a_slow_model_does_not_hold_back_a_fast_one(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(model=SLOW).do(aijobs.fail("timeout"), aijobs.ok())
    batch = a_batch(backend, ROWS, model=[SLOW, FAST], concurrency=20)
    await batch.start()
    await asyncio.sleep(20)
    assert {row.model for row in batch.results} == {FAST}
    assert len(batch.results) == 60
    assert {row.status for row in await batch.wait()} == {"completed"}


async def test_each_model_has_as_many_rows_under_way_as_it_may(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    await a_batch(backend, ROWS, model=[FAST, SLOW], concurrency={FAST: 7, SLOW: 2}).run()
    assert (most_at_once(sim.calls, FAST), most_at_once(sim.calls, SLOW)) == (7, 2)


async def test_models_share_a_window_evenly(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    await a_batch(backend, ROWS, model=[FAST, SLOW], concurrency=10).run()
    assert most_at_once(sim.calls[:60], FAST) in {5, 6}
    assert most_at_once(sim.calls[:60], SLOW) in {5, 6}


async def test_rows_that_name_their_own_model_go_by_its_lane(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    rows = [row | {"by": SLOW if n % 3 else FAST} for n, row in enumerate(ROWS)]
    done = await a_batch(backend, rows, model="{by}", concurrency={FAST: 4, SLOW: 1}).run()
    assert [row.model for row in done] == [row["by"] for row in rows]
    assert most_at_once(sim.calls, SLOW) == 1


async def test_a_model_that_no_concurrency_was_said_for_is_run_all_the_same(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, ROWS[:6], model=[FAST, SLOW], concurrency={FAST: 2}).run()
    assert [row.status for row in rows] == ["completed"] * 12


async def test_results_of_several_models_stand_row_by_row(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, ROWS[:3], model=[FAST, SLOW]).run()
    assert [(row.inputs["task"], row.model) for row in rows] == [
        (row["task"], model) for row in ROWS[:3] for model in (FAST, SLOW)
    ]


@pytest.mark.parametrize("concurrency", [{}, {FAST: 0}, {FAST: "many"}, -1, 2.5])
async def test_a_concurrency_that_cannot_be_is_refused(backend: WatchedBackend, concurrency: object) -> None:
    with pytest.raises(InvalidRequestError, match="`concurrency` must be 1 or more, or a mapping"):
        a_batch(backend, ROWS, concurrency=concurrency)


@pytest.mark.parametrize("ask", ["run", "estimate"])
async def test_a_concurrency_for_what_is_no_model_is_refused_before_anything_is_sent(
    sim: aijobs.Mock, backend: WatchedBackend, ask: str
) -> None:
    batch = a_batch(backend, ROWS, concurrency={"gpt5.2": 5})
    with pytest.raises(InvalidRequestError, match=r"`concurrency` names 'gpt5\.2', which is no known model\. Did"):
        await getattr(batch, ask)()
    assert len(sim.calls) == 0


async def test_a_concurrency_for_what_is_no_model_is_refused_where_it_is_set(backend: WatchedBackend) -> None:
    batch = a_batch(backend, ROWS[:3])
    with pytest.raises(InvalidRequestError, match=r"`concurrency` names 'gpt5\.2', which is no known model\. Did"):
        await batch.set(concurrency={"gpt5.2": 5})
    assert [row.status for row in await batch.run()] == ["completed"] * 3


async def test_a_concurrency_may_name_models_that_no_row_is_asked_of(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, ROWS[:3], concurrency={FAST: 2, SLOW: 1}).run()
    assert [row.status for row in rows] == ["completed"] * 3
