"""What workers may claim, and how much tenants may have: the same in every store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import InvalidRequestError, RateLimitedError, TooManyJobsError
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus, Rate
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Accepts, Admission, Cancelled, Claim, Done, Outcome, Release, Store
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

DONE = Done({}, Effects())
ONE_AT_A_TIME = {"publish": 1, "test_job": None}
TWO = Admission(max_active_jobs=2)
THREE_A_MINUTE = Admission(rates={"publish": Rate(jobs=3, seconds=60)})


async def submit(store: Store, clock: Clock, *types: str) -> None:
    await store.create([new_job(clock, type=one) for one in types])


async def ask(store: Store, clock: Clock, jobs: int = 1, *, admission: Admission, **fields: Any) -> list[Job]:
    new = [new_job(clock, **({"type": "publish"} | fields)) for _ in range(jobs)]
    return (await store.create(new, admission=admission)).jobs


async def claim(store: Store, accepts: Accepts, limit: int = 10) -> list[Claim]:
    return await store.claim("worker", accepts, limit=limit, lease_seconds=30, hard_limit_seconds=330)


def types_of(claims: list[Claim]) -> list[str]:
    return [one.job.type for one in claims]


async def unfinished(store: Store) -> int:
    return len((await store.list_jobs(US, JobQuery(status=JobStatus.PENDING))).jobs)


async def test_a_worker_gets_only_the_types_it_accepts(store: Store, clock: Clock) -> None:
    await submit(store, clock, "publish", "test_job", "publish")
    assert types_of(await claim(store, {"test_job": None})) == ["test_job"]
    assert await claim(store, {"test_job": None}) == []
    assert types_of(await claim(store, {"publish": None})) == ["publish", "publish"]


async def test_nobody_is_woken_by_a_job_they_do_not_accept(store: Store, clock: Clock) -> None:
    waiting = asyncio.create_task(store.wait_claimable({"test_job": None}))
    await submit(store, clock, "publish")
    await clock.sleep(1)
    assert await claim(store, {"test_job": None}) == []
    waiting.cancel()
    again = asyncio.create_task(store.wait_claimable({"test_job": None}))
    await clock.sleep(1)
    assert not again.done()
    await submit(store, clock, "test_job")
    await asyncio.wait_for(again, 5)


async def test_no_more_jobs_of_a_type_run_than_may(store: Store, clock: Clock) -> None:
    await submit(store, clock, "publish", "publish", "test_job", "publish")
    assert types_of(await claim(store, ONE_AT_A_TIME)) == ["publish", "test_job"]
    assert await claim(store, ONE_AT_A_TIME) == []


async def test_a_type_that_is_full_leaves_the_places_to_others(store: Store, clock: Clock) -> None:
    await submit(store, clock, *["publish"] * 5, "test_job", "test_job")
    assert types_of(await claim(store, ONE_AT_A_TIME, limit=3)) == ["publish", "test_job", "test_job"]


@pytest.mark.parametrize("end", [DONE, Cancelled(), Release(delay_seconds=60)])
async def test_the_next_of_a_type_may_run_when_one_ends(store: Store, clock: Clock, end: Outcome) -> None:
    await submit(store, clock, "publish", "publish")
    [running] = await claim(store, ONE_AT_A_TIME)
    assert await claim(store, ONE_AT_A_TIME) == []
    waiting = asyncio.create_task(store.wait_claimable(ONE_AT_A_TIME))
    await clock.sleep(1)
    assert not waiting.done()
    await store.finish(running.lease, end)
    await asyncio.wait_for(waiting, 5)
    [after] = await claim(store, ONE_AT_A_TIME)
    assert after.job.id != running.job.id


async def test_a_place_is_free_again_when_its_worker_is_lost(store: Store, clock: Clock) -> None:
    await submit(store, clock, "publish", "publish")
    [lost] = await claim(store, ONE_AT_A_TIME)
    await clock.sleep(31)
    assert [job.id for job in await store.reap()] == [lost.job.id]
    assert len(await claim(store, ONE_AT_A_TIME)) == 1


async def test_those_who_claim_at_once_do_not_take_the_same_place(store: Store, clock: Clock) -> None:
    await submit(store, clock, *["publish"] * 8)
    claims = await asyncio.gather(*(claim(store, {"publish": 3}, limit=2) for _ in range(6)))
    assert sum(map(len, claims)) == 3


async def test_a_tenant_has_no_more_unfinished_jobs_than_it_may(store: Store, clock: Clock) -> None:
    await ask(store, clock, admission=TWO)
    await ask(store, clock, admission=TWO)
    with pytest.raises(TooManyJobsError, match="2 unfinished jobs") as refused:
        await ask(store, clock, admission=TWO)
    assert refused.value.retry_after_seconds > 0
    await ask(store, clock, admission=TWO, tenant_id=THEM)


async def test_jobs_that_are_too_many_together_are_refused_together(store: Store, clock: Clock) -> None:
    with pytest.raises(TooManyJobsError):
        await ask(store, clock, 3, admission=TWO)
    assert await unfinished(store) == 0
    await ask(store, clock, 2, admission=TWO)


async def test_a_job_that_ends_makes_room_for_another(store: Store, clock: Clock) -> None:
    [first, second] = await ask(store, clock, 2, admission=TWO)
    [claimed] = await claim(store, {"publish": None}, limit=1)
    assert claimed.job.id == first.id
    await store.finish(claimed.lease, DONE)
    await store.request_cancel(US, second.id)
    await ask(store, clock, 2, admission=TWO)
    with pytest.raises(TooManyJobsError):
        await ask(store, clock, admission=TWO)


async def test_a_repeat_under_its_key_is_never_too_many(store: Store, clock: Clock) -> None:
    tight = Admission(max_active_jobs=1, rates={"publish": Rate(jobs=1, seconds=60)})
    [first] = await ask(store, clock, admission=tight, idempotency_key="k")
    [again] = await ask(store, clock, admission=tight, idempotency_key="k")
    assert again.id == first.id


async def test_of_many_who_submit_at_once_only_so_many_are_let_in(store: Store, clock: Clock) -> None:
    asked = (ask(store, clock, admission=TWO) for _ in range(20))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, TooManyJobsError) for one in answers) == 18
    assert await unfinished(store) == 2


async def test_a_rate_lets_a_burst_through_and_then_says_when_to_try_again(store: Store, clock: Clock) -> None:
    await ask(store, clock, 2, admission=THREE_A_MINUTE)
    await ask(store, clock, admission=THREE_A_MINUTE)
    with pytest.raises(RateLimitedError, match="'publish'") as refused:
        await ask(store, clock, admission=THREE_A_MINUTE)
    assert refused.value.retry_after_seconds == pytest.approx(20)
    await clock.sleep(refused.value.retry_after_seconds)
    await ask(store, clock, admission=THREE_A_MINUTE)


async def test_a_rate_is_each_tenants_and_each_types_own(store: Store, clock: Clock) -> None:
    await ask(store, clock, 3, admission=THREE_A_MINUTE)
    await ask(store, clock, 3, admission=THREE_A_MINUTE, tenant_id=THEM)
    await ask(store, clock, 5, admission=THREE_A_MINUTE, type="test_job")
    with pytest.raises(RateLimitedError):
        await ask(store, clock, admission=THREE_A_MINUTE)


async def test_a_refused_submit_takes_nothing_from_the_rate(store: Store, clock: Clock) -> None:
    await ask(store, clock, 2, admission=THREE_A_MINUTE)
    with pytest.raises(RateLimitedError):
        await ask(store, clock, 2, admission=THREE_A_MINUTE)
    await ask(store, clock, admission=THREE_A_MINUTE)


async def test_more_than_a_burst_is_told_to_split_up(store: Store, clock: Clock) -> None:
    with pytest.raises(InvalidRequestError, match="at most 3 can be submitted at a time"):
        await ask(store, clock, 4, admission=THREE_A_MINUTE)
    assert await unfinished(store) == 0
