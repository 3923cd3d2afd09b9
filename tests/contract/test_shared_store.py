"""What two processes can rely on that work on one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import JobNotFoundError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Claim, Done, Progress, Store
from aijobs_sdk.stores.sql import queries
from aijobs_sdk.stores.sql.postgres import notifications
from contract.new_jobs import new_job
from contract.places import Place

pytestmark = pytest.mark.anyio

US = UUID(int=1)
LIMITS: dict[str, Any] = {"lease_seconds": 30, "hard_limit_seconds": 330}
DONE = Done({"answer": 42}, Effects())


class Two(NamedTuple):
    """Two stores on one place."""

    one: Store
    other: Store


@pytest.fixture
async def two(new_place: Callable[[], Place], clock: Clock) -> AsyncIterator[Two]:
    place = new_place()
    opened = Two(place.open(clock, shared=True), place.open(clock, shared=True))
    yield opened
    await asyncio.gather(*(store.aclose() for store in opened))


@pytest.fixture
async def untold(new_place: Callable[[], Place], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    """Two stores, of which the other is told nothing of what the one writes, and looks twice a second."""
    monkeypatch.setattr(notifications, "ANYWAY_SECONDS", 0.5)
    place = new_place()
    opened = Two(place.open(clock), place.open(clock, shared=True))
    yield opened
    await asyncio.gather(*(store.aclose() for store in opened))


async def create(store: Store, clock: Clock, *, key: str | None = None) -> Job:
    [created] = (await store.create([new_job(clock, idempotency_key=key)])).jobs
    return created


async def claim(store: Store, limit: int = 1) -> list[Claim]:
    return await store.claim("w", {"test_job": None}, limit=limit, **LIMITS)


async def follow(store: Store, job: Job, *, until: int) -> None:
    while not await store.events(US, job.id, after=until - 1):
        await store.wait_events(job.id, after=until - 1)


async def test_whoever_waits_for_work_hears_of_a_job_that_another_created(two: Two, clock: Clock) -> None:
    waiting = asyncio.create_task(two.other.wait_claimable({"test_job": None}))
    await asyncio.sleep(1)
    job = await create(two.one, clock)
    await waiting
    assert [one.job.id for one in await claim(two.other)] == [job.id]


async def test_whoever_follows_a_log_hears_of_the_last_of_many_quick_writes(
    two: Two, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "ANYWAY_SECONDS", 3600.0)
    job = await create(two.one, clock)
    [claimed] = await claim(two.one)
    following = asyncio.create_task(follow(two.other, job, until=23))
    await asyncio.sleep(1)
    for percent in range(1, 21):
        await two.one.append(claimed.lease, [Progress(percent, "Working")])
    await two.one.finish(claimed.lease, DONE)
    await asyncio.wait_for(following, 5)


async def test_whoever_follows_a_log_looks_now_and_then_though_nothing_is_told(untold: Two, clock: Clock) -> None:
    job = await create(untold.one, clock)
    following = asyncio.create_task(follow(untold.other, job, until=2))
    await asyncio.sleep(1)
    await claim(untold.one)
    await asyncio.wait_for(following, 5)


async def test_whoever_follows_a_log_hears_of_what_another_appends(two: Two, clock: Clock) -> None:
    job = await create(two.one, clock)
    following = asyncio.create_task(two.one.wait_events(job.id, after=2))
    [claimed] = await claim(two.other)
    await two.other.finish(claimed.lease, DONE)
    await following
    assert [event.kind for event in await two.one.events(US, job.id, after=2)] == ["completed"]


async def test_whoever_waits_for_the_end_hears_of_one_that_another_wrote(two: Two, clock: Clock) -> None:
    job = await create(two.one, clock)
    waiting = asyncio.create_task(two.one.ended(US, job.id))
    await asyncio.sleep(1)
    [claimed] = await claim(two.other)
    await two.one.append(claimed.lease, [Progress(50, "Half of it")])
    done = await two.other.finish(claimed.lease, DONE)
    assert await asyncio.wait_for(waiting, 5) == done


async def test_whoever_waits_for_a_job_that_another_ended_and_purged_waits_no_more(untold: Two, clock: Clock) -> None:
    job = await create(untold.one, clock)
    waiting = [
        asyncio.create_task(untold.other.ended(US, job.id)),
        asyncio.create_task(follow(untold.other, job, until=9)),
    ]
    await asyncio.sleep(1)
    [claimed] = await claim(untold.one)
    await untold.one.finish(claimed.lease, DONE)
    await untold.one.purge_jobs(finished_before=clock.now() + timedelta(seconds=1))
    told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert {type(one) for one in told} <= {Job, JobNotFoundError}


async def test_more_ends_can_be_awaited_than_one_query_takes_ids(
    two: Two, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_IDS", 2)
    jobs = [await create(two.one, clock) for _ in range(5)]
    waiting = [asyncio.create_task(two.one.ended(US, job.id)) for job in jobs]
    await asyncio.sleep(1)
    for claimed in await claim(two.other, 5):
        await two.other.finish(claimed.lease, DONE)
    ended = await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert [job.id for job in ended] == [job.id for job in jobs]


async def test_a_job_that_another_has_ended_reads_as_ended(two: Two, clock: Clock) -> None:
    job = await create(two.one, clock)
    [claimed] = await claim(two.other)
    await two.other.finish(claimed.lease, DONE)
    assert (await two.one.get(US, job.id)).result == {"answer": 42}


@pytest.mark.parametrize(("after", "left"), [(True, 2), (-(2**70), 3), (2**31, 0), (2**63, 0), (2**70, 0)])
async def test_a_log_can_be_asked_for_from_any_number_on(two: Two, clock: Clock, after: int, left: int) -> None:
    job = await create(two.one, clock)
    [claimed] = await claim(two.one)
    await two.one.finish(claimed.lease, DONE)
    assert len(await two.other.events(US, job.id, after=after)) == left


async def test_no_two_claim_the_same_job(two: Two, clock: Clock) -> None:
    jobs = [await create(two.one, clock) for _ in range(20)]
    claims = await asyncio.gather(*(claim(store, 3) for _ in range(5) for store in two))
    claimed = [one.job.id for some in claims for one in some]
    assert sorted(claimed) == sorted(job.id for job in jobs)


async def test_no_two_make_a_job_of_the_same_key(two: Two, clock: Clock) -> None:
    jobs = await asyncio.gather(*(create(store, clock, key=f"k{n % 3}") for n in range(12) for store in two))
    assert len({job.id for job in jobs}) == 3


async def test_a_job_that_another_purged_is_gone_here_too_an_hour_after_its_end(two: Two, clock: Clock) -> None:
    job = await create(two.one, clock)
    [claimed] = await claim(two.one)
    await two.one.finish(claimed.lease, DONE)
    await two.other.purge_jobs(finished_before=clock.now() + timedelta(seconds=1))
    await clock.sleep(3601)
    with pytest.raises(JobNotFoundError):
        await two.one.get(US, job.id)
    with pytest.raises(JobNotFoundError):
        await two.one.events(US, job.id, after=0)
