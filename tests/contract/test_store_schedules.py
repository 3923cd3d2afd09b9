"""Schedules in every store: kept by name, due once, moved once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import TooManyJobsError
from aijobs_sdk.contract.job import JobQuery, Priority
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import Admission, Store
from contract.new_jobs import new_job
from contract.places import Place

pytestmark = pytest.mark.anyio

US, THEM = UUID(int=1), UUID(int=2)
JOB = UUID(int=3)
KNOWN = ["test_job"]


def a_schedule(clock: Clock, *, minutes: float = 1, **fields: Any) -> Schedule:
    schedule = {
        "tenant_id": US,
        "user_id": UUID(int=10),
        "name": "nightly",
        "cron": "0 3 * * *",
        "timezone": "UTC",
        "type": "test_job",
        "payload": {"max_tokens": 5, "deep": [None, 1.5, "ü"]},
        "priority": Priority.LOW,
        "max_attempts": 3,
        "next_run_at": clock.now() + timedelta(minutes=minutes),
        "created_at": clock.now(),
    }
    return Schedule(**(schedule | fields))


async def test_a_schedule_reads_back_as_it_was_put(store: Store, clock: Clock) -> None:
    schedule = a_schedule(clock)
    await store.put_schedule(schedule)
    assert await store.schedules(US) == [schedule]


async def test_schedules_are_a_tenants_own_and_sorted_by_name(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, name="b"))
    await store.put_schedule(a_schedule(clock, name="a"))
    await store.put_schedule(a_schedule(clock, name="c", tenant_id=THEM))
    assert [one.name for one in await store.schedules(US)] == ["a", "b"]


async def test_a_schedule_takes_the_place_of_one_of_the_same_name(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock))
    await store.put_schedule(a_schedule(clock, tenant_id=THEM))
    changed = a_schedule(clock, cron="0 4 * * *")
    await store.put_schedule(changed)
    assert await store.schedules(US) == [changed]


async def test_two_processes_may_put_the_same_schedules_at_once(new_place: Callable[[], Place], clock: Clock) -> None:
    place = new_place()
    stores = [place.open(clock, shared=True) for _ in range(2)]
    names = [f"schedule {n:02}" for n in range(50)]
    for name in names:
        await asyncio.gather(*(store.put_schedule(a_schedule(clock, name=name)) for store in stores))
    assert [one.name for one in await stores[0].schedules(US)] == names
    await asyncio.gather(*(store.aclose() for store in stores))


async def test_a_deleted_schedule_is_gone_and_only_that(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock))
    assert not await store.delete_schedule(THEM, "nightly")
    assert await store.delete_schedule(US, "nightly")
    assert not await store.delete_schedule(US, "nightly")
    assert await store.schedules(US) == []


async def test_waiting_ends_when_a_schedule_falls_due(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, minutes=600))
    before = clock.now()
    await store.wait_schedule(KNOWN)
    assert clock.now() - before == timedelta(minutes=600)
    assert [one.name for one in await store.due_schedules(KNOWN)] == ["nightly"]


async def test_waiting_ends_when_a_schedule_is_put_that_is_due_earlier(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, name="later", minutes=600))
    waiting = asyncio.create_task(store.wait_schedule(KNOWN))
    await clock.sleep(60)
    await store.put_schedule(a_schedule(clock, name="soon", minutes=1))
    await asyncio.wait_for(waiting, 61)


async def test_what_is_not_due_or_of_another_type_is_left_alone(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, name="later", minutes=5))
    await store.put_schedule(a_schedule(clock, name="other", minutes=1, type="other"))
    await store.put_schedule(a_schedule(clock, name="first", minutes=1, tenant_id=THEM))
    await clock.sleep(120)
    assert [one.name for one in await store.due_schedules(KNOWN)] == ["first"]


async def test_of_two_who_move_a_schedule_the_second_changes_nothing(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock))
    await clock.sleep(60)
    [due] = await store.due_schedules(KNOWN)
    next_at = clock.now() + timedelta(days=1)
    assert await store.move_schedule(due, next_run_at=next_at, job_id=JOB)
    assert not await store.move_schedule(due, next_run_at=next_at + timedelta(days=1), job_id=None)
    [moved] = await store.schedules(US)
    assert (moved.next_run_at, moved.last_run_at, moved.last_job_id) == (next_at, due.next_run_at, JOB)
    assert await store.due_schedules(KNOWN) == []


async def test_a_due_schedule_comes_to_one_job_and_moves_in_the_same_step(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, minutes=0))
    [due] = await store.due_schedules(KNOWN)
    next_at, first, second = clock.now() + timedelta(days=1), new_job(clock), new_job(clock)
    created = await store.run_schedule(due, first, next_run_at=next_at)
    assert await store.run_schedule(due, second, next_run_at=next_at) is None
    [moved] = await store.schedules(US)
    assert (moved.next_run_at, moved.last_run_at, moved.last_job_id) == (next_at, due.next_run_at, first.job.id)
    assert created is not None
    assert created.jobs == list((await store.list_jobs(US, JobQuery())).jobs)


async def test_a_schedule_that_was_removed_or_replaced_comes_to_no_job(store: Store, clock: Clock) -> None:
    removed, replaced = a_schedule(clock, name="removed"), a_schedule(clock, name="replaced")
    await store.put_schedule(replaced.replace(max_attempts=7))
    assert await store.run_schedule(removed, new_job(clock), next_run_at=clock.now()) is None
    assert await store.run_schedule(replaced, new_job(clock), next_run_at=clock.now()) is None
    assert (await store.list_jobs(US, JobQuery())).jobs == ()


async def test_a_job_that_is_not_admitted_leaves_its_schedule_due(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, minutes=0))
    await store.create([new_job(clock)])
    [due] = await store.due_schedules(KNOWN)
    with pytest.raises(TooManyJobsError):
        await store.run_schedule(due, new_job(clock), next_run_at=clock.now(), admission=Admission(max_active_jobs=1))
    assert await store.due_schedules(KNOWN) == [due]


async def test_a_schedule_that_was_replaced_is_not_moved(store: Store, clock: Clock) -> None:
    old = a_schedule(clock)
    await store.put_schedule(old)
    await store.put_schedule(a_schedule(clock, minutes=7))
    assert not await store.move_schedule(old, next_run_at=clock.now(), job_id=JOB)


async def test_a_postponed_schedule_keeps_the_time_that_it_was_due(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock))
    await clock.sleep(60)
    [due] = await store.due_schedules(KNOWN)
    assert await store.postpone_schedule(due, until=clock.now() + timedelta(seconds=30))
    assert await store.due_schedules(KNOWN) == []
    await store.wait_schedule(KNOWN)
    [waiting] = await store.due_schedules(KNOWN)
    assert (waiting.next_run_at, waiting.due_at) == (clock.now(), due.next_run_at)
    await store.move_schedule(waiting, next_run_at=clock.now() + timedelta(days=1), job_id=JOB)
    [moved] = await store.schedules(US)
    assert (moved.waiting_since, moved.last_run_at) == (None, due.next_run_at)


async def test_of_two_who_postpone_a_schedule_the_second_changes_nothing(store: Store, clock: Clock) -> None:
    await store.put_schedule(a_schedule(clock, minutes=0))
    [due] = await store.due_schedules(KNOWN)
    assert await store.postpone_schedule(due, until=clock.now() + timedelta(seconds=1))
    assert not await store.postpone_schedule(due, until=clock.now() + timedelta(seconds=2))
    assert not await store.move_schedule(due, next_run_at=clock.now(), job_id=JOB)
