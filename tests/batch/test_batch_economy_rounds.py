"""A budget that would make many rounds of a batch is told of before it begins, with what makes one of them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.economy.rounds import COUNTED, Typical, rounds_of
from batch.batch_worlds import WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

ROWS = [{"task": f"Describe harbour {n:04}."} for n in range(400)]
TIGHT = 142
"""Credits: what the rows are quoted at, and a little more."""


@pytest.mark.parametrize(
    ("rows", "left", "cost", "most", "rounds"),
    [(100, 100, 1, 1, 1), (100, 1_000, 1, 10, 1), (100, 200, 1, 10, 7), (100, 5, 1, 10, 0), (10**9, 10**7, 0, 1, 100)],
)
def test_each_round_sends_as_many_rows_as_there_is_room_for(
    rows: int, left: int, cost: int, most: int, rounds: int
) -> None:
    assert rounds_of(rows, Decimal(left), Typical(Decimal(cost), Decimal(most), None)) == rounds


def test_rounds_without_end_are_not_counted_for_ever() -> None:
    assert rounds_of(10**9, Decimal(1), Typical(Decimal(0), Decimal(1), None)) == COUNTED


async def test_the_estimate_says_what_makes_one_round_of_many(backend: WatchedBackend) -> None:
    advice = (await a_batch(backend, ROWS, economy=True, budget=TIGHT).estimate()).advice

    assert advice is not None
    assert re.search(r"about \d\d rounds.* sets aside the most it can cost, 3\.51 credits, so that 40 of 400", advice)


async def test_what_is_advised_sends_all_rows_at_once(backend: WatchedBackend) -> None:
    advice = (await a_batch(backend, ROWS, economy=True, budget=TIGHT).estimate()).advice
    [longest] = map(int, re.findall(r"max_tokens=(\d+)", advice or ""))
    batch = a_batch(backend, ROWS, economy=True, budget=TIGHT, max_tokens=longest)

    assert (await batch.estimate()).advice is None
    assert {row.status for row in await batch.run()} == {"completed"}
    assert [request.type for request in backend.sent] == ["ai_generation_batch"]


async def test_a_run_warns_before_anything_is_sent(backend: WatchedBackend) -> None:
    batch = a_batch(backend, ROWS, economy=True, budget=TIGHT)

    with pytest.raises(UserWarning, match="`max_tokens=4"):
        await batch.run()
    assert backend.sent == []


@pytest.mark.parametrize("options", [{}, {"budget": 2_000}, {"budget": 50, "max_tokens": 100}])
async def test_a_batch_of_few_rounds_is_told_nothing(backend: WatchedBackend, options: dict[str, int]) -> None:
    estimate = await a_batch(backend, ROWS, economy=True, **options).estimate()

    assert estimate.advice is None
    assert str(estimate).endswith("within 24 hours")


async def test_rows_that_are_asked_one_by_one_need_no_advice(backend: WatchedBackend) -> None:
    assert (await a_batch(backend, ROWS, budget=TIGHT).estimate()).advice is None


def test_a_page_shows_the_advice() -> None:
    with aijobs.mock(seed=7), aijobs.Client() as client:
        estimate = client.batch(ROWS, prompt="{task}", model="gpt-5.2", economy=True, budget=TIGHT).estimate()

    assert "rounds" in estimate._repr_html_()
    assert "within 24 hours a round" in str(estimate)
