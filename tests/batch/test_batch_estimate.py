"""How long a batch is expected to take: by how many of its rows can be under way at the same time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batch.batch_worlds import TASKS, WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

MODELS = ["gpt-5.2", "claude-opus-4.5"]
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
