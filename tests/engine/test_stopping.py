"""How a worker ends: it claims no more, lets jobs end within the grace period, and gives back the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus
from aijobs_sdk.contract.store import Claim, Lease, Outcome
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.dispatch import checked_jobs, store_jobs
from aijobs_sdk.engine.job_type import JobTypes, job_type
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.turns import Turns
from aijobs_sdk.engine.workers import WorkerPool
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

US = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
GRACE = 10


class Nothing(BaseModel):
    pass


@job_type("deaf")
async def deaf(context: JobContext, payload: Nothing) -> dict[str, str]:
    for _ in range(100):
        try:
            await context.clock.sleep(100)
        except asyncio.CancelledError:
            continue
    return {}


TYPES = JobTypes([do_as_told, deaf])


class BrokenStore(MemoryStore):
    """A store with a bug."""

    async def claim(self, *_: object, **__: object) -> list[Claim]:
        raise RuntimeError("a bug")


def a_world(store: MemoryStore, clock: VirtualClock) -> World:
    return World(store=store, providers={}, clock=clock, chance=Chance(1), limits=Limits(grace_seconds=GRACE))


@pytest.fixture
def world() -> World:
    clock = VirtualClock()
    return a_world(MemoryStore(clock), clock)


@pytest.fixture
async def pool(world: World) -> WorkerPool:
    """A pool at work, which the test stops."""
    pool = WorkerPool(world, TYPES, worker_id="w")
    pool.start()
    return pool


async def started(world: World, job_type: str = "test_job", **payload: object) -> Job:
    """Return a job that has begun."""
    job = await submitted(world, job_type, **payload)
    await world.clock.sleep(1)
    return await now(world, job)


async def submitted(world: World, job_type: str = "test_job", **payload: object) -> Job:
    request = JobRequest(type=job_type, payload=payload)
    new = await checked_jobs([request], caller=US, types=TYPES, clock=world.clock, turns=Turns())
    created = await store_jobs(new, store=world.store, meter=world.meter)
    [job] = created.jobs
    return job


async def now(world: World, job: Job) -> Job:
    return await world.store.get(US.tenant_id, job.id)


def seconds_since(instant: datetime) -> float:
    return (VirtualClock().now() - instant).total_seconds()


async def test_a_job_that_ends_within_the_grace_period_completes(world: World, pool: WorkerPool) -> None:
    job = await started(world, seconds=5)
    began = world.clock.now()
    await pool.stop()
    assert (await now(world, job)).status is JobStatus.COMPLETED
    assert seconds_since(began) == 4


async def test_what_is_left_after_it_goes_back_uncounted(world: World, pool: WorkerPool) -> None:
    job = await started(world, seconds=200)
    began = world.clock.now()
    await pool.stop()
    left = await now(world, job)
    assert (left.status, left.attempts, left.message) == (JobStatus.PENDING, 0, "Given back by its worker")
    assert seconds_since(began) == GRACE


async def test_a_job_given_back_has_all_its_attempts_left(world: World, pool: WorkerPool) -> None:
    job = await started(world, seconds=30, fail_attempts=2)
    await pool.stop()
    WorkerPool(world, TYPES, worker_id="another").start()
    await world.clock.sleep(250)
    assert ((await now(world, job)).status, (await now(world, job)).attempts) == (JobStatus.COMPLETED, 3)


async def test_nothing_is_claimed_any_more(world: World, pool: WorkerPool) -> None:
    await started(world, seconds=200)
    stopping = asyncio.create_task(pool.stop())
    await world.clock.sleep(1)
    late = await submitted(world)
    await stopping
    assert [event.kind for event in await world.store.events(US.tenant_id, late.id, after=0)] == ["accepted"]


async def test_a_hurried_stop_gives_back_at_once(world: World, pool: WorkerPool) -> None:
    job = await started(world, seconds=200)
    stopping = asyncio.create_task(pool.stop())
    await world.clock.sleep(1)
    began = world.clock.now()
    pool.hurry()
    await stopping
    assert ((await now(world, job)).status, seconds_since(began)) == (JobStatus.PENDING, 0)


async def test_a_stop_that_is_cut_short_gives_back_all_the_same(world: World, pool: WorkerPool) -> None:
    job = await started(world, seconds=1000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(GRACE / 2):
            await pool.stop()
    await asyncio.sleep(GRACE / 4)
    job = await now(world, job)
    assert (job.status, job.attempts) == (JobStatus.PENDING, 0)


async def test_a_handler_that_does_not_stop_is_left_behind(world: World, pool: WorkerPool) -> None:
    job = await started(world, "deaf")
    began = world.clock.now()
    await pool.stop()
    assert ((await now(world, job)).status, (await now(world, job)).attempts) == (JobStatus.PENDING, 0)
    assert timedelta(seconds=GRACE) <= world.clock.now() - began <= timedelta(seconds=GRACE + 2)


async def test_a_worker_that_has_nothing_to_do_stops_at_once(world: World, pool: WorkerPool) -> None:
    await world.clock.sleep(1)
    began = world.clock.now()
    await pool.stop()
    assert seconds_since(began) == 0


async def test_a_bug_does_not_leave_a_worker_idle_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock()
    world = a_world(BrokenStore(clock), clock)
    pool = WorkerPool(world, TYPES, worker_id="w")
    pool.start()
    await submitted(world)
    with pytest.raises(RuntimeError, match="a bug"):
        await pool.until_broken()
    assert "a bug ended the workers of this process: RuntimeError at " in caplog.text
    assert "test_stopping.py" in caplog.text
    await pool.stop()


class OpenStore(MemoryStore):
    """A store that knows whether it was closed."""

    is_open = True

    async def aclose(self) -> None:
        self.is_open = False


class StuckProvider(SimulatedProvider):
    """Will not close."""

    async def aclose(self) -> None:
        raise OSError("stuck")


async def test_a_provider_that_will_not_close_leaves_no_store_open() -> None:
    clock = VirtualClock()
    store = OpenStore(clock)
    world = replace(a_world(store, clock), providers={"stuck": StuckProvider("stuck", Simulation(), clock)})
    with pytest.raises(OSError, match="stuck"):
        await world.aclose()
    assert not store.is_open


class SlowStore(MemoryStore):
    """Hands jobs out in the very moment in which everything is cancelled, and takes its time to take them back."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.spared = asyncio.all_tasks()

    async def claim(self, *claimed: Any, **limits: Any) -> list[Claim]:
        claims = await super().claim(*claimed, **limits)
        if claims:
            asyncio.get_running_loop().call_soon(self._cancel_all)
        return claims

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        await asyncio.sleep(1)
        return await super().finish(lease, outcome)

    def _cancel_all(self) -> None:
        for task in asyncio.all_tasks() - self.spared:
            task.cancel()


async def test_a_backend_that_is_dropped_while_its_program_ends_gives_back_every_job() -> None:
    clock = VirtualClock()
    world = a_world(SlowStore(clock), clock)
    jobs = [await submitted(world) for _ in range(3)]
    pool = WorkerPool(world, TYPES, worker_id="w")
    pool.start()
    await clock.sleep(0.5)
    pool.stop_soon()
    await clock.sleep(10)
    assert [((await now(world, job)).status, (await now(world, job)).attempts) for job in jobs] == [
        (JobStatus.PENDING, 0)
    ] * 3
