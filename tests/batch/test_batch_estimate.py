"""How long a batch is expected to take: by how many of its rows can be under way at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from batch.batch_worlds import TASKS, WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

MODELS = ["gpt-5.2", "claude-opus-4.5"]


class Stars(BaseModel):
    stars: int


A_ROW = 1 + 70 / 70
"""Seconds until the first token, and for 70 of them."""


async def seconds(backend: WatchedBackend, rows: int, *, concurrency: int | Mapping[str, int], model: object) -> float:
    batch = a_batch(backend, TASKS[:rows], max_tokens=70, concurrency=concurrency, model=model)
    return (await batch.estimate()).seconds


@pytest.mark.parametrize(("concurrency", "rounds"), [(1, 12), (3, 4), (12, 1), (100, 1)])
async def test_rows_take_as_many_rounds_as_they_need(backend: WatchedBackend, concurrency: int, rounds: int) -> None:
    taken = await seconds(backend, 12, concurrency=concurrency, model="gpt-5.2")
    assert taken == pytest.approx(rounds * A_ROW)


async def test_models_share_the_places_of_a_batch(backend: WatchedBackend) -> None:
    assert await seconds(backend, 12, concurrency=8, model=MODELS) == pytest.approx(3 * A_ROW)


async def test_a_narrow_lane_takes_its_time_whatever_the_others_may(backend: WatchedBackend) -> None:
    taken = await seconds(backend, 12, concurrency={"gpt-5.2": 50, "claude-opus-4.5": 2}, model=MODELS)
    assert taken == pytest.approx(6 * A_ROW)


async def test_what_is_over_takes_no_time(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS)
    await batch.run()
    estimate = await batch.estimate()
    assert (estimate.to_send, estimate.seconds) == (0, 0)


@pytest.mark.parametrize("economy", [False, True])
async def test_a_conversation_is_estimated_with_all_its_turns(
    sim: aijobs.Mock, backend: WatchedBackend, *, economy: bool
) -> None:
    sim.on().do(aijobs.ok(tokens=500).forever())
    batch = a_batch(backend, TASKS[:3], prompt=["{task}", "And then?", "And at last?"], economy=economy)
    estimate = await batch.estimate()
    rows = await batch.run()
    assert estimate.output_tokens == 3 * 3 * 500
    assert estimate.input_tokens == pytest.approx(sum(row.input_tokens or 0 for row in rows), rel=0.15)
    assert float(estimate.credits) == pytest.approx(float(sum(row.credits or 0 for row in rows)), rel=0.05)


async def test_a_conversation_costs_no_more_than_the_most_that_was_estimated(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on().do(aijobs.ok(tokens=70).forever())
    batch = a_batch(backend, TASKS[:3], prompt=["{task}", "And then?"], max_tokens=70)
    estimate = await batch.estimate()
    spent = sum((row.metered_credits or Decimal(0) for row in await batch.run()), Decimal(0))
    assert estimate.most_credits is not None
    assert estimate.credits <= estimate.most_credits
    assert spent <= estimate.most_credits


async def test_what_a_conversation_costs_at_most_is_told_where_its_answers_are_limited(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", "And then?"])  # which may be far longer than is expected
    assert (await batch.estimate()).most_credits is None


@pytest.mark.parametrize("economy", [False, True])
@pytest.mark.parametrize("prompt", ["{task}", ["{task}", "And then?"]])
async def test_answers_that_never_fit_cost_no_more_than_the_most_that_was_estimated(
    sim: aijobs.Mock, backend: WatchedBackend, prompt: object, *, economy: bool
) -> None:
    sim.on().do(aijobs.ok("Five stars.").forever())
    batch = a_batch(backend, TASKS[:3], prompt=prompt, max_tokens=70, output_model=Stars, economy=economy)
    most = (await batch.estimate()).most_credits
    spent = sum((row.credits or Decimal(0) for row in await batch.run()), Decimal(0))
    assert most is not None
    assert spent <= most


async def test_a_row_whose_second_asking_would_be_refused_is_estimated_all_the_same(backend: WatchedBackend) -> None:
    just_enough = {"max_credits": "0.1"}
    batch = AsyncBatch(
        backend, TASKS[:1], prompt="{task}", model="gpt-5.2", output_model=Stars, parameters=just_enough, max_tokens=9
    )
    assert (await batch.estimate()).most_credits == pytest.approx(Decimal("0.02"), abs=Decimal("0.01"))


async def test_answers_as_long_as_a_window_can_be_estimated(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", *["And then?"] * 9], max_tokens=64_000)
    estimate = await batch.estimate()
    assert (estimate.output_tokens, estimate.most_credits) == (10 * 64_000, None)


async def test_a_turn_more_takes_its_time(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", "And then?"], max_tokens=70)
    assert (await batch.estimate()).seconds == pytest.approx(2 * A_ROW)
