"""Usage rows come page by page: each once, in one order, over every store and every backend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import Effects, UsageRow
from aijobs_sdk.contract.store import Done, Store
from aijobs_sdk.contract.usage_pages import MOST_PAGE_ROWS, usage_pages
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


def row_at(instant: datetime, number: int, *, tenant: UUID = US) -> UsageRow:
    return UsageRow(
        id=UUID(int=number),
        tenant_id=tenant,
        user_id=UUID(int=10),
        query_type="text_generation",
        model="m",
        provider="p",
        input_tokens=number,
        output_tokens=2,
        credits_used=Decimal("0.123456"),
        month_year="2026-01",
        created_at=instant,
    )


async def leave(store: Store, clock: Clock, rows: Sequence[UsageRow], *, tenant: UUID = US) -> None:
    """Let a job complete that leaves these rows."""
    await store.create([new_job(clock, tenant_id=tenant)])
    [claimed] = await store.claim("w1", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=330)
    await store.finish(claimed.lease, Done({}, Effects(usage=tuple(rows))))


async def pages_of(backend: Backend, clock: Clock, page_rows: int) -> list[list[int]]:
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)
    pages = usage_pages(backend, since=since, until=until, page_rows=page_rows)
    return [[row.id.int for row in page] async for page in pages]


async def test_rows_come_by_their_instant_and_those_of_one_instant_by_id(store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now + SECOND, 1), row_at(now, 9), row_at(now, 3)])
    await leave(store, clock, [row_at(now, 5)])
    rows = await store.usage(US, since=now, until=now + 2 * SECOND)
    assert [row.id.int for row in rows] == [3, 5, 9, 1]


async def test_a_page_goes_on_within_an_instant(store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now, number) for number in (4, 2, 3, 1)] + [row_at(now + SECOND, 0)])
    rows = await store.usage(US, since=now, until=now + 2 * SECOND, after=UUID(int=2), limit=2)
    assert [row.id.int for row in rows] == [3, 4]


async def test_after_counts_for_the_first_instant_alone(store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now, 7), row_at(now + SECOND, 1)])
    rows = await store.usage(US, since=now, until=now + 2 * SECOND, after=UUID(int=7))
    assert [row.id.int for row in rows] == [1]


async def test_a_page_holds_nothing_of_another_tenant(store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now, 1), row_at(now, 3)])
    await leave(store, clock, [row_at(now, 2, tenant=THEM)], tenant=THEM)
    rows = await store.usage(US, since=now, until=now + SECOND, after=UUID(int=1), limit=5)
    assert [row.id.int for row in rows] == [3]


@pytest.mark.parametrize(
    ("page_rows", "pages"), [(2, [[1, 2], [3, 4], [5]]), (5, [[1, 2, 3, 4, 5]]), (9, [[1, 2, 3, 4, 5]])]
)
async def test_all_pages_hold_each_row_once(
    backend: Backend, store: Store, clock: Clock, page_rows: int, pages: list[list[int]]
) -> None:
    await leave(store, clock, [row_at(clock.now(), number) for number in (5, 3, 1, 2, 4)])
    assert await pages_of(backend, clock, page_rows) == pages


async def test_a_span_without_usage_has_no_page(backend: Backend, clock: Clock) -> None:
    assert await pages_of(backend, clock, 10) == []


async def test_rows_that_are_added_between_two_pages_move_nothing(backend: Backend, store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now, number) for number in (10, 20, 30)])
    pages = usage_pages(backend, since=now, until=now + 9 * SECOND, page_rows=2)
    first = await anext(pages)
    await leave(store, clock, [row_at(now, 15), row_at(now, 25), row_at(now + SECOND, 1)])
    rest = [row.id.int async for page in pages for row in page]
    assert ([row.id.int for row in first], rest) == ([10, 20], [25, 30, 1])


@pytest.mark.parametrize("limit", [0, -1, MOST_PAGE_ROWS + 1])
async def test_a_page_of_no_size_or_too_many_rows_is_refused(backend: Backend, clock: Clock, limit: int) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.usage(since=clock.now(), until=clock.now() + SECOND, limit=limit)
    assert [problem.field for problem in refused.value.fields] == ["limit"]


async def test_without_a_limit_all_rows_come_at_once(backend: Backend, store: Store, clock: Clock) -> None:
    now = clock.now()
    await leave(store, clock, [row_at(now, number) for number in range(MOST_PAGE_ROWS + 500)])
    rows = await backend.usage(since=now, until=now + SECOND)
    assert [row.id.int for row in rows] == list(range(MOST_PAGE_ROWS + 500))
