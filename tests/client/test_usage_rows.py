"""Usage rows are read page by page, by a month or a span, in both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.records import UsageRow


@pytest.fixture
def client() -> Iterator[aijobs.Client]:
    """A client in whose world it is January 2026, and three texts were written."""
    with aijobs.mock(seed=7), aijobs.Client() as client:
        aijobs.wait([client.submit("Hello", model="gpt-5.2") for _ in range(3)])
        yield client


def test_rows_of_a_month_are_those_that_usage_returns(client: aijobs.Client) -> None:
    rows = list(client.usage_rows("2026-01"))
    assert len(rows) == 3
    assert rows == list(client.usage("2026-01"))


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("2026-01-01", "2026-01-02", 3),
        (date(2026, 1, 1), date(2026, 1, 2), 3),
        (datetime(2026, 1, 1, tzinfo=UTC), None, 3),
        ("2025-12-31", "2026-01-01", 0),
    ],
)
def test_a_span_is_days_or_instants(
    client: aijobs.Client, since: date | str, until: date | str | None, count: int
) -> None:
    assert len(list(client.usage_rows(since=since, until=until))) == count


def test_the_async_client_yields_the_same_rows() -> None:
    async def cell() -> list[UsageRow]:
        async with aijobs.AsyncClient() as client:
            await (await client.submit("Hello", model="gpt-5.2")).result()
            return [row async for row in client.usage_rows("2026-01")]

    with aijobs.mock(seed=7) as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        assert len(runner.run(cell())) == 1


def test_this_month_is_that_of_the_world_where_jobs_run(client: aijobs.Client) -> None:
    assert f"{client.now():%Y-%m}" == "2026-01"
    assert list(client.usage_rows()) == list(client.usage()) == list(client.usage("2026-01"))


def test_until_now_is_until_it_is_now_in_that_world(client: aijobs.Client) -> None:
    before = client.now()
    assert len(list(client.usage_rows(since="2026-01-01"))) == 3
    with pytest.raises(aijobs.InvalidRequestError, match="`since` must be before now"):
        list(client.usage_rows(since=before + timedelta(days=1)))


def test_a_span_that_cannot_be_is_refused_before_anything_is_read(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match="`since` must be before `until`"):
        client.usage_rows(since="2026-02-01", until="2026-01-01")


def test_reading_may_be_left_early(client: aijobs.Client) -> None:
    assert next(client.usage_rows("2026-01")).month_year == "2026-01"
    assert len(list(client.usage_rows("2026-01"))) == 3
