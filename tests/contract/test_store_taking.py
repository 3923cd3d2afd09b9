"""A worker with free places begins with new jobs in the step that makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.events import JobAccepted, JobStarted
from aijobs_sdk.contract.job import JobStatus, NewJob, Priority
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Created, Done, Store, Taker
from contract.new_jobs import US, new_job

pytestmark = pytest.mark.anyio

LIMITS: dict[str, Any] = {"lease_seconds": 30, "hard_limit_seconds": 330}


async def create(store: Store, *new: NewJob, limit: int = 10) -> Created:
    return await store.create(new, taker=Taker("w1", {"test_job"}, limit, **LIMITS))


async def claimed_by_another(store: Store) -> int:
    return len(await store.claim("w2", {"test_job": None, "other": None}, limit=10, **LIMITS))


async def test_the_worker_has_the_job_and_nobody_else_gets_it(store: Store, clock: Clock) -> None:
    created = await create(store, new_job(clock))
    [claim] = created.claims
    job = await store.get(US, claim.job.id)
    assert (job.status, job.attempts, job.worker_id, job.started_at) == (JobStatus.PROCESSING, 1, "w1", clock.now())
    assert await claimed_by_another(store) == 0
    assert created.jobs[0].status is JobStatus.PENDING  # as it was accepted


async def test_its_log_begins_like_any_other(store: Store, clock: Clock) -> None:
    [claim] = (await create(store, new_job(clock))).claims
    await store.finish(claim.lease, Done({}, Effects()))
    events = await store.events(US, claim.job.id, after=0)
    assert [type(event) for event in events[:2]] == [JobAccepted, JobStarted]
    assert [event.seq for event in events] == [1, 2, 3]


async def test_of_more_than_it_has_places_for_the_most_urgent_come_first(store: Store, clock: Clock) -> None:
    new = [new_job(clock, priority=one) for one in (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL)]
    created = await create(store, *new, limit=2)
    assert [claim.job.id for claim in created.claims] == [new[1].job.id, new[2].job.id]
    assert await claimed_by_another(store) == 2


async def test_what_is_for_later_or_for_others_waits(store: Store, clock: Clock) -> None:
    later = new_job(clock)._replace(run_at=clock.now() + timedelta(hours=1))
    assert (await create(store, later, new_job(clock, type="other"))).claims == []
    assert await claimed_by_another(store) == 1


async def test_a_repeat_of_a_request_is_begun_once(store: Store, clock: Clock) -> None:
    first = await create(store, new_job(clock, idempotency_key="k"))
    again = await create(store, new_job(clock, idempotency_key="k"))
    assert (len(first.claims), list(again.claims)) == (1, [])
    assert again.jobs[0].id == first.jobs[0].id


async def test_a_job_whose_worker_is_lost_goes_to_another(store: Store, clock: Clock) -> None:
    await create(store, new_job(clock))
    await clock.sleep(31)
    await store.reap()
    assert await claimed_by_another(store) == 1
