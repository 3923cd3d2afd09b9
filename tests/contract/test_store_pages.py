"""Pages of jobs that are purged meanwhile: a cursor goes on among what is older, whatever came after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import JobQuery
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Done, Store
from contract.new_jobs import US, new_job
from contract.places import Place

pytestmark = pytest.mark.anyio

DONE = Done({}, Effects())


async def finish_some(store: Store, clock: Clock, count: int) -> list[UUID]:
    """Return jobs that are over, the oldest first."""
    jobs = (await store.create([new_job(clock) for _ in range(count)])).jobs
    accepts = {"test_job": None}
    for claim in await store.claim("w", accepts, limit=count, lease_seconds=30, hard_limit_seconds=330):
        await store.finish(claim.lease, DONE)
    return [job.id for job in jobs]


async def purge_all(store: Store, clock: Clock) -> None:
    await store.purge_jobs(finished_before=clock.now() + timedelta(seconds=1))


async def cursor_after(store: Store, jobs: int) -> str:
    cursor = (await store.list_jobs(US, JobQuery(limit=jobs))).next_cursor
    assert cursor is not None
    return cursor


async def page_after(store: Store, cursor: str) -> list[UUID]:
    return [job.id for job in (await store.list_jobs(US, JobQuery(cursor=cursor))).jobs]


async def test_a_cursor_shows_no_newer_jobs_once_all_were_purged(store: Store, clock: Clock) -> None:
    await finish_some(store, clock, 4)
    cursor = await cursor_after(store, 1)
    await purge_all(store, clock)
    assert await page_after(store, cursor) == []
    await finish_some(store, clock, 3)
    assert await page_after(store, cursor) == []


async def test_a_cursor_of_jobs_that_came_after_a_purge_misses_none_of_them(store: Store, clock: Clock) -> None:
    await finish_some(store, clock, 4)
    await purge_all(store, clock)
    first, second, _ = await finish_some(store, clock, 3)
    assert await page_after(store, await cursor_after(store, 1)) == [second, first]


async def test_a_cursor_goes_on_among_the_older_where_only_the_newest_were_purged(store: Store, clock: Clock) -> None:
    [kept] = [job.id for job in (await store.create([new_job(clock, type="other")])).jobs]
    await finish_some(store, clock, 2)
    cursor = await cursor_after(store, 1)
    await purge_all(store, clock)
    await finish_some(store, clock, 2)
    assert await page_after(store, cursor) == [kept]


async def test_a_store_that_is_opened_again_remembers_what_was_purged(
    new_place: Callable[[], Place], clock: Clock
) -> None:
    place = new_place()
    before = place.open(clock)
    await finish_some(before, clock, 2)
    cursor = await cursor_after(before, 1)
    await purge_all(before, clock)
    await before.aclose()
    after = place.open(clock)
    await finish_some(after, clock, 2)
    assert await page_after(after, cursor) == []
    await after.aclose()
