"""Jobs are deleted at the age that the operator says, by workers, without being asked."""

from __future__ import annotations

from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.errors import JobNotFoundError
from aijobs_sdk.contract.job import Caller, Job, JobRequest
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio
CLOCK = VirtualClock()
HOUR = 3600


def a_backend(*, keep_jobs_seconds: float | None) -> LocalBackend:
    limits = Limits(keep_jobs_seconds=keep_jobs_seconds)
    world = World(store=MemoryStore(CLOCK), providers={}, clock=CLOCK, chance=Chance(1), limits=limits)
    caller = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
    return LocalBackend(world=world, types=JobTypes([do_as_told]), caller=caller)


async def submit(backend: LocalBackend, **fields: object) -> Job:
    [job] = await backend.submit([JobRequest.model_validate({"type": "test_job", "payload": {}, **fields})])
    return job


async def test_a_job_is_kept_until_its_age_and_deleted_within_the_hour() -> None:
    backend = a_backend(keep_jobs_seconds=10 * HOUR)
    job = await submit(backend)
    await CLOCK.sleep(9.9 * HOUR)
    assert (await backend.get(job.id)).is_final
    await CLOCK.sleep(1.2 * HOUR)
    with pytest.raises(JobNotFoundError):
        await backend.get(job.id)
    await backend.aclose()


async def test_a_job_whose_key_still_counts_is_kept_longer() -> None:
    backend = a_backend(keep_jobs_seconds=HOUR)
    job = await submit(backend, idempotency_key="k")
    await CLOCK.sleep(23 * HOUR)
    assert (await submit(backend, idempotency_key="k")).id == job.id
    await backend.aclose()


async def test_unless_somebody_says_so_jobs_are_kept() -> None:
    backend = a_backend(keep_jobs_seconds=None)
    job = await submit(backend)
    await CLOCK.sleep(1000 * HOUR)
    assert (await backend.get(job.id)).is_final
    await backend.aclose()
