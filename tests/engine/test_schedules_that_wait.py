"""A schedule whose tenant may have no more jobs waits, ever more patiently, and its time comes to one job."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import JobQuery, JobRequest
from aijobs_sdk.contract.schedule import Schedule, ScheduleRequest
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore
from engine.engine_worlds import CALLER

pytestmark = pytest.mark.anyio
CLOCK = VirtualClock()
MINUTE = 60


class WatchedStore(MemoryStore):
    """Notes when a schedule was postponed."""

    def __init__(self) -> None:
        super().__init__(CLOCK)
        self.postponed_at: list[datetime] = []

    async def postpone_schedule(self, schedule: Schedule, *, until: datetime) -> bool:
        self.postponed_at.append(CLOCK.now())
        return await super().postpone_schedule(schedule, until=until)


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


@pytest.fixture
async def backend(store: WatchedStore) -> AsyncIterator[LocalBackend]:
    """A world in which a tenant may have one unfinished job, and has it for a quarter of an hour."""
    limits = Limits(max_active_jobs=1)
    world = World(store=store, providers={}, clock=CLOCK, chance=Chance(1), limits=limits)
    backend = LocalBackend(world=world, types=JobTypes([do_as_told]), caller=CALLER)
    run_at = CLOCK.now() + timedelta(seconds=15 * MINUTE)
    await backend.submit([JobRequest(type="test_job", payload={}, run_at=run_at)])
    yield backend
    await backend.aclose()


async def hourly(backend: LocalBackend) -> Schedule:
    """Return a schedule that is due within the next hour, at the minute to come."""
    minute = (CLOCK.now() + timedelta(seconds=MINUTE)).minute
    job = JobRequest(type="test_job", payload={})
    return await backend.schedule(ScheduleRequest(name="digest", cron=f"{minute} * * * *", job=job))


async def test_it_is_tried_ever_more_seldom_but_once_a_minute(backend: LocalBackend, store: WatchedStore) -> None:
    await hourly(backend)
    await CLOCK.sleep(14 * MINUTE)
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(store.postponed_at)]
    assert pauses == pytest.approx([1, 1, 2, 4, 8, 16, 32, *[60] * (len(pauses) - 7)], abs=0.1)
    assert len(pauses) in range(18, 21)


async def test_its_time_comes_to_one_job_once_there_is_room(backend: LocalBackend) -> None:
    due_at = (await hourly(backend)).next_run_at
    await CLOCK.sleep(30 * MINUTE)
    [schedule] = await backend.schedules()
    assert (schedule.last_run_at, schedule.next_run_at) == (due_at, due_at + timedelta(hours=1))
    newest, _ = (await backend.list_jobs(JobQuery())).jobs
    assert newest.id == schedule.last_job_id
    assert newest.idempotency_key == f"schedule/digest/{due_at:%Y-%m-%dT%H:%M:%SZ}"


async def test_the_log_tells_when_it_begins_to_wait_and_when_it_ends(
    backend: LocalBackend, caplog: pytest.LogCaptureFixture
) -> None:
    await hourly(backend)
    with caplog.at_level(logging.INFO, "aijobs.scheduler"):
        await CLOCK.sleep(30 * MINUTE)
    began, ended = [record.getMessage() for record in caplog.records if record.name == "aijobs.scheduler"]
    assert began.startswith("schedule 'digest' waits, and is tried until it comes to a job: This tenant may have 1")
    assert ended.startswith("schedule 'digest' waits no longer")
