"""Schedules of one tenant, however odd, keep no worker from the jobs and the schedules of others."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, field_validator

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.job import JobQuery, JobRequest, NewJob
from aijobs_sdk.contract.schedule import Schedule, ScheduleRequest
from aijobs_sdk.contract.store import Created
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.job_type import JobTypes, job_type
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore
from engine.engine_worlds import CALLER

pytestmark = pytest.mark.anyio
CLOCK = VirtualClock()
JOB = UUID(int=3)


class Season(BaseModel):
    broken: bool = False

    @field_validator("broken")
    @classmethod
    def _is_known(cls, value: bool) -> bool:
        return {False: False}[value]


@job_type("seasonal")
async def seasonal(_: JobContext, __: Season) -> dict[str, Any]:
    return {}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(CLOCK)


@pytest.fixture
async def backend(store: MemoryStore) -> AsyncIterator[LocalBackend]:
    world = World(store=store, providers={}, clock=CLOCK, chance=Chance(1), limits=Limits())
    backend = LocalBackend(world=world, types=JobTypes([do_as_told, seasonal]), caller=CALLER)
    yield backend
    await backend.aclose()


async def every_minute(backend: LocalBackend, name: str, **job: Any) -> Schedule:
    request = JobRequest(**{"type": "test_job", "payload": {}} | job)
    return await backend.schedule(ScheduleRequest(name=name, cron="* * * * *", job=request))


async def last_runs(backend: LocalBackend) -> dict[str, bool]:
    """Return by name whether the last time of each schedule came to a job."""
    return {one.name: one.last_job_id is not None for one in await backend.schedules()}


async def test_a_time_whose_key_somebody_has_taken_comes_to_no_job_and_the_next_one_does(backend: LocalBackend) -> None:
    odd, _ = await every_minute(backend, "odd"), await every_minute(backend, "plain")
    taken = f"schedule/odd/{odd.next_run_at:%Y-%m-%dT%H:%M:%SZ}"
    await backend.submit([JobRequest(type="test_job", payload={"seconds": 1}, idempotency_key=taken)])
    await CLOCK.sleep(61)
    assert await last_runs(backend) == {"odd": False, "plain": True}
    await CLOCK.sleep(60)
    assert await last_runs(backend) == {"odd": True, "plain": True}


class DamagedStore(MemoryStore):
    """The job that the key of one schedule finds cannot be read."""

    async def create(self, jobs: Sequence[NewJob], **asked: Any) -> Created:
        if (jobs[0].job.idempotency_key or "").startswith("schedule/odd/"):
            raise UnreadableRecordError(f"Job {JOB}", "its `payload` is no JSON", job_id=JOB)
        return await super().create(jobs, **asked)


async def test_a_time_whose_job_cannot_be_read_costs_no_other_schedule_its_time() -> None:
    world = World(store=DamagedStore(CLOCK), providers={}, clock=CLOCK, chance=Chance(1), limits=Limits())
    backend = LocalBackend(world=world, types=JobTypes([do_as_told]), caller=CALLER)
    await every_minute(backend, "odd")
    await every_minute(backend, "plain")
    await backend.submit([JobRequest(type="test_job", payload={})])
    await CLOCK.sleep(121)
    assert await last_runs(backend) == {"odd": False, "plain": True}
    await backend.aclose()


async def test_a_zone_that_this_machine_does_not_know_is_tried_again_in_an_hour(
    backend: LocalBackend, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    odd, _ = await every_minute(backend, "odd"), await every_minute(backend, "plain")
    await store.put_schedule(odd.replace(timezone="Mars/Olympus"))
    with caplog.at_level(logging.WARNING, "aijobs.scheduler"):
        await CLOCK.sleep(61)
    assert await last_runs(backend) == {"odd": False, "plain": True}
    [postponed, _] = await backend.schedules()
    assert postponed.next_run_at == odd.next_run_at + timedelta(hours=1)
    assert "'odd'" in caplog.text
    assert "timezone" in caplog.text


async def test_a_payload_model_that_crashes_costs_its_own_schedule_its_time(
    backend: LocalBackend, store: MemoryStore
) -> None:
    odd, _ = await every_minute(backend, "odd", type="seasonal"), await every_minute(backend, "plain")
    await store.put_schedule(odd.replace(payload={"broken": True}))
    await CLOCK.sleep(61)
    assert await last_runs(backend) == {"odd": False, "plain": True}


class RemovedAtOnce(MemoryStore):
    """Somebody removes each schedule just after a worker has read that it is due."""

    async def due_schedules(self, types: Collection[str]) -> Sequence[Schedule]:
        due = await super().due_schedules(types)
        for one in due:
            await self.delete_schedule(one.tenant_id, one.name)
        return due


async def test_a_schedule_that_was_removed_makes_no_more_jobs() -> None:
    world = World(store=RemovedAtOnce(CLOCK), providers={}, clock=CLOCK, chance=Chance(1), limits=Limits())
    backend = LocalBackend(world=world, types=JobTypes([do_as_told]), caller=CALLER)
    await every_minute(backend, "gone")
    await CLOCK.sleep(61)
    assert (await backend.schedules(), (await backend.list_jobs(JobQuery())).jobs) == ([], ())
    await backend.aclose()
