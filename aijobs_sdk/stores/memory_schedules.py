"""Schedules in this process's memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import DUE_AT_ONCE
from aijobs_sdk.engine.schedule import moved, postponed
from aijobs_sdk.stores.signal import Signal


class SchedulesInMemory:
    """The part of the memory store that keeps schedules."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._schedules: dict[tuple[UUID, str], Schedule] = {}
        self._scheduled = Signal()

    async def put_schedule(self, schedule: Schedule) -> None:
        """Keep a schedule, in place of one of the same name."""
        self._schedules[schedule.tenant_id, schedule.name] = schedule
        self._scheduled.ring()

    async def schedules(self, tenant_id: UUID) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        return sorted((one for one in self._schedules.values() if one.tenant_id == tenant_id), key=lambda one: one.name)

    async def delete_schedule(self, tenant_id: UUID, name: str) -> bool:
        """Forget a schedule of this tenant."""
        return self._schedules.pop((tenant_id, name), None) is not None

    async def wait_schedule(self, types: Collection[str]) -> None:
        """Return as soon as a schedule of these types is due."""
        while True:
            times = [one.next_run_at for one in self._schedules.values() if one.type in types]
            seconds = (min(times) - self._clock.now()).total_seconds() if times else None
            if seconds is not None and seconds <= 0:
                return
            await self._scheduled.wait(seconds)

    async def due_schedules(self, types: Collection[str]) -> Sequence[Schedule]:
        """Return schedules that are due now."""
        now = self._clock.now()
        due = [one for one in self._schedules.values() if one.type in types and one.next_run_at <= now]
        return sorted(due, key=lambda one: one.next_run_at)[:DUE_AT_ONCE]

    async def move_schedule(self, schedule: Schedule, *, next_run_at: datetime, job_id: UUID | None) -> bool:
        """Note which job a due schedule came to, and when it is due again."""
        return self._replace(schedule, moved(schedule, next_run_at=next_run_at, job_id=job_id))

    async def postpone_schedule(self, schedule: Schedule, *, until: datetime) -> bool:
        """Have a due schedule looked at later."""
        return self._replace(schedule, postponed(schedule, until=until))

    def _is_as_it_was(self, schedule: Schedule) -> bool:
        return self._schedules.get((schedule.tenant_id, schedule.name)) == schedule

    def _replace(self, schedule: Schedule, changed: Schedule) -> bool:
        if not self._is_as_it_was(schedule):
            return False
        self._schedules[schedule.tenant_id, schedule.name] = changed
        return True
