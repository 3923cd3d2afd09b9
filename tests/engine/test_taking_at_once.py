"""A worker without work begins with a new job at once; where jobs wait, it waits its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus, NewJob
from aijobs_sdk.contract.store import Claim, Created
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

US = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
TYPES = JobTypes([do_as_told])


class NothingToFind(MemoryStore):
    """A store in which, from some moment on, nobody may look for a job."""

    closed = False

    async def claim(self, *args: Any, **options: Any) -> list[Claim]:
        assert not self.closed, "looked for a job"
        return await super().claim(*args, **options)


class SlowToFind(MemoryStore):
    """Looking for a job takes 5 s."""

    async def claim(self, *args: Any, **options: Any) -> list[Claim]:
        await asyncio.sleep(5)
        return await super().claim(*args, **options)


class SlowToAnswer(MemoryStore):
    """Jobs are made at once; whoever made them hears of it 5 s later."""

    async def create(self, jobs: Sequence[NewJob], **options: Any) -> Created:
        created = await super().create(jobs, **options)
        await asyncio.sleep(5)
        return created


def a_backend(store: MemoryStore, *, concurrency: int = 2) -> LocalBackend:
    limits = Limits(concurrency=concurrency)
    world = World(store=store, providers={}, clock=VirtualClock(), chance=Chance(1), limits=limits)
    return LocalBackend(world=world, types=TYPES, caller=US)


async def submit(backend: LocalBackend, **payload: object) -> Job:
    [job] = await backend.submit([JobRequest(type="test_job", payload=payload)])
    return job


async def idle(store: MemoryStore, *, concurrency: int = 2) -> LocalBackend:
    """Return a backend whose worker waits for work."""
    backend = a_backend(store, concurrency=concurrency)
    await submit(backend)
    await asyncio.sleep(1)
    return backend


async def test_an_idle_worker_need_not_look_for_a_new_job() -> None:
    store = NothingToFind(VirtualClock())
    backend = await idle(store)
    store.closed = True
    job = await submit(backend)
    await asyncio.sleep(1)
    assert (await backend.get(job.id)).status is JobStatus.COMPLETED
    await backend.aclose()


async def test_a_new_job_does_not_overtake_one_that_waits() -> None:
    backend = await idle(SlowToFind(VirtualClock()), concurrency=1)
    _, second = await submit(backend, seconds=10), await submit(backend)
    await asyncio.sleep(12)  # the place is free again, and the second job is being looked for
    third = await submit(backend)
    await asyncio.sleep(20)
    begins = [(await backend.get(job.id)).started_at for job in (second, third)]
    assert begins == sorted(begin for begin in begins if begin is not None)
    assert begins[0] != begins[1]
    await backend.aclose()


async def test_jobs_made_at_the_same_time_share_the_places_there_are() -> None:
    backend = await idle(SlowToAnswer(VirtualClock()), concurrency=2)
    jobs = await asyncio.gather(*[submit(backend, seconds=100) for _ in range(5)])
    await asyncio.sleep(1)
    running = [job for job in jobs if (await backend.get(job.id)).status is JobStatus.PROCESSING]
    assert len(running) == 2
    await backend.aclose()


async def test_a_worker_that_is_stopped_meanwhile_gives_the_new_job_back() -> None:
    backend = await idle(SlowToAnswer(VirtualClock()))
    submitting = asyncio.create_task(submit(backend, seconds=100))
    await asyncio.sleep(1)
    await backend.aclose()
    job = await backend.get((await submitting).id)
    assert (job.status, job.attempts) == (JobStatus.PENDING, 0)
