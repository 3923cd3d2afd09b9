"""Schedules in a database: what is asked of them, and the commands that change them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import DUE_AT_ONCE, Created
from aijobs_sdk.engine.schedule import moved
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.commands import Create
from aijobs_sdk.stores.sql.rows import columns_of_schedule, schedule_of_row
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork
from aijobs_sdk.stores.sql.unreadable import AGAIN_AFTER, readable

log = logging.getLogger("aijobs.store")

_schedules = schema.schedules.c


class DueSchedules(NamedTuple):
    """What is due."""

    schedules: Sequence[Schedule]
    unreadable: Sequence[tuple[UUID, str]]
    """Tenant and name of those that cannot be read."""


def schedules(connection: Connection, tenant_id: UUID) -> Sequence[Schedule]:
    """Return a tenant's schedules, by name."""
    theirs = select(schema.schedules).where(_schedules.tenant_id == tenant_id).order_by(_schedules.name)
    return list(readable(connection.execute(theirs).mappings(), schedule_of_row))


def seconds_to_schedule(connection: Connection, now: datetime, types: Collection[str]) -> float | None:
    """Return how long until a schedule of these job types is due: 0 for now, None for never as things stand."""
    next_at = connection.execute(select(func.min(_schedules.next_run_at)).where(_schedules.type.in_(types))).scalar()
    return None if next_at is None else max(0.0, (next_at - now).total_seconds())


def due_schedules(connection: Connection, now: datetime, types: Collection[str]) -> DueSchedules:
    """Return schedules of these job types that are due, the one that was due first first."""
    due = select(schema.schedules).where(_schedules.type.in_(types), _schedules.next_run_at <= now)
    found, unreadable = list[Schedule](), list[tuple[UUID, str]]()
    for row in connection.execute(due.order_by(_schedules.next_run_at).limit(DUE_AT_ONCE)).mappings():
        try:
            found.append(schedule_of_row(row))
        except UnreadableRecordError as error:
            log.error("no worker looks at it for an hour: %s", error.message)  # noqa: TRY400 - no line of code is at fault
            unreadable.append((row["tenant_id"], row["name"]))
    return DueSchedules(found, unreadable)


class PutSchedule(NamedTuple):
    """Keep a schedule, in place of one of the same name."""

    schedule: Schedule

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        tenant_id, name = self.schedule.tenant_id, self.schedule.name
        work.one_after_the_other(f"aijobs schedule {tenant_id} {name}")  # else both find none, and insert it
        work.connection.execute(delete(schema.schedules).where(_named(tenant_id, name)))
        work.connection.execute(insert(schema.schedules).values(columns_of_schedule(self.schedule)))


class DeleteSchedule(NamedTuple):
    """Forget a schedule."""

    tenant_id: UUID
    name: str

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> bool:
        """Do it."""
        named = _named(self.tenant_id, self.name)
        # What is gone when this is done again was deleted the first time, as far as anybody can say.
        return work.connection.execute(delete(schema.schedules).where(named)).rowcount > 0 or work.again


class RunSchedule(NamedTuple):
    """Insert the job that a due schedule comes to, unless somebody has changed the schedule."""

    schedule: Schedule
    create: Create
    next_run_at: datetime

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> Created | None:
        """Do it, if the schedule is still as it was read."""
        there = select(_schedules.name).where(*_as_read(self.schedule)).with_for_update()
        if work.connection.execute(there).first() is None:
            return None
        created = self.create.run(work)
        changed = moved(self.schedule, next_run_at=self.next_run_at, job_id=created.jobs[0].id)
        ChangeSchedule(self.schedule, changed).run(work)
        return created


class ChangeSchedule(NamedTuple):
    """Change a due schedule, unless somebody has done so."""

    schedule: Schedule
    changed: Schedule

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> bool:
        """Do it, if the schedule is still as it was read; return whether it was."""
        change = update(schema.schedules).where(*_as_read(self.schedule)).values(columns_of_schedule(self.changed))
        return work.connection.execute(change).rowcount > 0


class SetSchedulesAside(NamedTuple):
    """Let workers look at schedules again in an hour that they cannot read."""

    named: Sequence[tuple[UUID, str]]

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        for tenant_id, name in self.named:
            later = update(schema.schedules).where(_named(tenant_id, name)).values(next_run_at=work.now + AGAIN_AFTER)
            work.connection.execute(later)


def _as_read(schedule: Schedule) -> Sequence[ColumnElement[bool]]:
    fields = columns_of_schedule(schedule)
    return [column == fields[column.name] for column in _schedules if column.name != "payload"]


def _named(tenant_id: UUID, name: str) -> ColumnElement[bool]:
    return (_schedules.tenant_id == tenant_id) & (_schedules.name == name)
