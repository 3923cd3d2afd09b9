"""The wall clock jumps by an hour, back or ahead: what runs goes on, what waits is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus
from aijobs_sdk.contract.schedule import ScheduleRequest
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.virtual_time import VirtualLoop
from aijobs_sdk.stores.memory import MemoryStore
from aijobs_sdk.stores.sql.store import SqlStore
from contract.jumping_clock import JumpingClock

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
JUMPS = [pytest.param(-HOUR, id="back"), pytest.param(HOUR, id="ahead")]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True, threads_take_time=False)}


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, clock: JumpingClock, tmp_path: Path) -> Store:
    if request.param == "memory":
        return MemoryStore(clock)
    return SqlStore(f"sqlite:///{tmp_path}/jobs.db", clock, shared=False)


@pytest.fixture
async def backend(store: Store, clock: JumpingClock) -> AsyncIterator[LocalBackend]:
    world = World(store=store, providers={}, clock=clock, chance=Chance(1), limits=Limits())
    caller = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
    backend = LocalBackend(world=world, types=JobTypes([do_as_told]), caller=caller)
    yield backend
    await backend.aclose()


async def submit(backend: LocalBackend, **payload: Any) -> Job:
    [job] = await backend.submit([JobRequest(type="test_job", payload=payload)])
    return job


async def kinds(backend: LocalBackend, job: Job) -> list[str]:
    return [event.kind async for event in backend.events(job.id)]


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_job_that_runs_goes_on(backend: LocalBackend, clock: JumpingClock, jump: timedelta) -> None:
    job = await submit(backend, seconds=100)
    await asyncio.sleep(20)
    clock.jump = jump
    assert await kinds(backend, job) == ["accepted", "started", "completed"]


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_job_that_is_due_stays_due(backend: LocalBackend, clock: JumpingClock, jump: timedelta) -> None:
    await submit(backend, seconds=5)
    clock.jump = jump
    job = await submit(backend)
    async with asyncio.timeout(10):
        assert await kinds(backend, job) == ["accepted", "started", "completed"]


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_retry_comes_in_the_end(backend: LocalBackend, clock: JumpingClock, jump: timedelta) -> None:
    job = await submit(backend, fail_attempts=1)
    await asyncio.sleep(0.01)
    clock.jump = jump
    assert (await kinds(backend, job))[-1] == "completed"
    assert (await backend.get(job.id)).status is JobStatus.COMPLETED


async def test_a_job_that_was_put_off_begins_soon_after_its_time_has_come(
    backend: LocalBackend, clock: JumpingClock
) -> None:
    request = JobRequest(type="test_job", payload={}, run_at=clock.now() + 10 * HOUR)
    [job] = await backend.submit([request])
    await asyncio.sleep(1)
    clock.jump = 11 * HOUR
    async with asyncio.timeout(600):
        assert (await backend.ended(job.id)).status is JobStatus.COMPLETED


async def test_a_schedule_is_served_soon_after_its_time_has_come(backend: LocalBackend, clock: JumpingClock) -> None:
    daily = JobRequest(type="test_job", payload={})
    due_at = (await backend.schedule(ScheduleRequest(name="daily", cron="0 3 * * *", job=daily))).next_run_at
    await asyncio.sleep(1)
    clock.jump = due_at - clock.now()
    await asyncio.sleep(900)
    assert [one.last_run_at for one in await backend.schedules()] == [due_at]
