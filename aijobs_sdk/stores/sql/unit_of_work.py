"""One transaction's work: it reads each job once, changes it in memory, and writes everything together at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import Accepts, Admission
from aijobs_sdk.engine.lifecycle import Command, JobRecord, Step, accept, advance
from aijobs_sdk.stores.admission import Bucket, buckets_of, check_active, full_at_after
from aijobs_sdk.stores.idempotency import Holder, Key, key_of, still_counts
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.bulk import Bulk, Row
from aijobs_sdk.stores.sql.rows import (
    CHANGING,
    EVENT,
    FIXED,
    changing_row,
    columns_of_dead_letter,
    columns_of_effect,
    columns_of_schedule,
    event_row,
    fixed_row,
    record_of_row,
)


def _insert(table: Table, names: Sequence[str]) -> Bulk:
    return Bulk(insert(table).values({name: bindparam(name) for name in names}), names)


_INSERT_JOB = _insert(schema.jobs, (*FIXED, *CHANGING))
_UPDATE_JOB = Bulk(
    update(schema.jobs)
    .where(schema.jobs.c.id == bindparam("job"))
    .values({name: bindparam(name) for name in CHANGING}),
    (*CHANGING, "job"),
)
_INSERT_EVENT = _insert(schema.events, EVENT)
_LEFT_BEHIND = (schema.documents, schema.lineage, schema.query_usage, schema.images, schema.dead_letters)
_COLUMNS = {table: [column.name for column in table.c if column.name != "ordinal"] for table in _LEFT_BEHIND}
_INSERT = {table: _insert(table, names) for table, names in _COLUMNS.items()}
_JOBS_BY_ID = select(schema.jobs).where(schema.jobs.c.id.in_(bindparam("ids", expanding=True)))
_LOCKED_JOBS = _JOBS_BY_ID.order_by(schema.jobs.c.id).with_for_update()  # in one order, so that no two wait in a ring
_NEXT_DUE = (
    select(schema.jobs.c.id, schema.jobs.c.type)
    .where(schema.DUE, schema.jobs.c.type.in_(bindparam("types", expanding=True)))
    .order_by(schema.jobs.c.priority, schema.jobs.c.ordinal)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
_EXPIRED = (
    select(schema.jobs.c.id)
    .where(
        schema.RUNNING,
        (schema.jobs.c.lease_until <= bindparam("now", type_=schema.jobs.c.lease_until.type))
        | (schema.jobs.c.overdue_at <= bindparam("now", type_=schema.jobs.c.overdue_at.type)),
    )
    .with_for_update(skip_locked=True)
)
_FALLEN_DUE = (
    update(schema.jobs)
    .where(schema.LATER, schema.jobs.c.run_at <= bindparam("now", type_=schema.jobs.c.run_at.type))
    .values(queue="due")
)
_OF_THE_KEY = (schema.idempotency_keys.c.tenant_id == bindparam("tenant")) & (
    schema.idempotency_keys.c.key == bindparam("word")
)
_POINT_KEY = Bulk(
    update(schema.idempotency_keys).where(_OF_THE_KEY).values(job_id=bindparam("holder")), ("tenant", "word", "holder")
)
_NOBODY = UUID(int=0)
_FREE_KEY = Bulk(
    delete(schema.idempotency_keys).where(_OF_THE_KEY, schema.idempotency_keys.c.job_id == bindparam("nobody")),
    ("tenant", "word", "nobody"),
)
_MARK_REPLAYED = Bulk(
    update(schema.dead_letters)
    .where(schema.dead_letters.c.job_id == bindparam("letter"), schema.dead_letters.c.tenant_id == bindparam("tenant"))
    .values(replayed_as=bindparam("replay")),
    ("letter", "tenant", "replay"),
)


@dataclass(slots=True, eq=False)
class JobInHand:
    """A job that a transaction has read or made."""

    record: JobRecord
    is_new: bool = False
    """Whether the database has no row of it yet."""
    is_unwritten: bool = False
    """Whether the database does not have the record as it is here."""
    is_touched: bool = False
    """Whether the transaction changed it."""
    news: list[JobEvent] = field(default_factory=list)
    """What the transaction added to its log."""


class UnitOfWork:
    """What the commands of one transaction see and change. Written by `complete()`, kept or lost with it."""

    def __init__(
        self, connection: Connection, now: datetime, *, known: Mapping[UUID, JobRecord], again: bool = False
    ) -> None:
        self.now = now
        self.again = again
        """Whether a transaction with the same commands may have been committed without our knowing."""
        self.changed: list[JobInHand] = []
        """Every job this transaction touched, as it left it."""
        self._connection = connection
        self._known = known
        self._jobs: dict[UUID, JobInHand] = {}
        self._unwritten: list[JobInHand] = []
        self._events: list[JobEvent] = []
        self._rows: dict[Table, list[Row]] = {}
        self._keys: dict[Key, UUID] = {}
        self._reserved: set[Key] = set()
        self._replays: list[Row] = []
        self._active: dict[UUID, int] = {}
        """Unfinished jobs of each tenant that somebody asked about, kept up to date from then on."""
        self._full_at: dict[Bucket, datetime] = {}
        self._spent: dict[Bucket, datetime] = {}

    def read(self, ids: Iterable[UUID]) -> None:
        """Read these jobs, and keep others from changing them, in one query."""
        missing: list[UUID] = []
        for job_id in ids:
            if job_id in self._jobs:
                continue
            if (record := self._known.get(job_id)) is not None:
                self._jobs[job_id] = JobInHand(record)
            else:
                missing.append(job_id)
        if missing:
            for row in self._connection.execute(_LOCKED_JOBS, {"ids": missing}).mappings():
                self._jobs[row["id"]] = JobInHand(record_of_row(row))

    def job(self, job_id: UUID) -> JobRecord | None:
        """Return a job that was read or made here, as this transaction has it."""
        job = self._jobs.get(job_id)
        return None if job is None else job.record

    def held_keys(self, jobs: Sequence[NewJob]) -> dict[Key, Holder]:
        """Return who holds the keys of these jobs now; they stay so until the transaction ends."""
        wanted = sorted({key for new in jobs if (key := key_of(new.job)) is not None})
        holders = {key: self._take_or_read(key) for key in wanted}
        self.read([job_id for job_id in holders.values() if job_id is not None])
        records = {key: self.job(job_id) for key, job_id in holders.items() if job_id is not None}
        return {
            key: Holder(record.job.id, record.fingerprint)
            for key, record in records.items()
            if record is not None and still_counts(record.job, self.now)
        }

    def insert(self, new: NewJob) -> JobRecord:
        """Add a job."""
        step = accept(new, self.now)
        job = step.record.job
        if (key := key_of(job)) is not None:
            self._keys[key] = job.id
            self._reserved.discard(key)
        if job.replay_of is not None:
            self._replays.append([job.replay_of, job.tenant_id, job.id])
        made = self._jobs[job.id] = JobInHand(step.record, is_new=True)
        if job.tenant_id in self._active:
            self._active[job.tenant_id] += 1
        return self._keep(made, step)

    def advance(self, record: JobRecord, command: Command) -> JobRecord:
        """Do to a job what the command says."""
        step = advance(record, command, self.now)
        if (letter := step.record.dead_letter()) is not None:
            self._add(schema.dead_letters, [columns_of_dead_letter(letter)])
        if record.job.tenant_id in self._active and step.record.state.is_final and not record.state.is_final:
            self._active[record.job.tenant_id] -= 1
        return self._keep(self._jobs[record.job.id], step)

    def keep(self, effects: Effects) -> None:
        """Add what a job left behind."""
        self._add(schema.documents, map(columns_of_effect, effects.documents))
        self._add(schema.lineage, map(columns_of_effect, effects.lineage))
        self._add(schema.query_usage, map(columns_of_effect, effects.usage))
        self._add(schema.images, map(columns_of_effect, effects.images))

    def admit(self, jobs: Sequence[Job], admission: Admission) -> None:
        """Let a tenant have these new jobs; the rates they are taken from are kept for all who come after.

        Raises:
            TooManyJobsError, RateLimitedError: it may not, now.
        """
        for tenant_id in sorted({job.tenant_id for job in jobs}):
            self._one_after_the_other(f"aijobs tenant {tenant_id}")
        check_active(jobs, admission, self._active_jobs(jobs, admission))
        spent = full_at_after(jobs, admission, self._buckets(jobs, admission), self.now)
        self._full_at |= spent
        self._spent |= spent

    def next_due(self, accepts: Accepts, limit: int) -> list[JobRecord]:
        """Return the jobs to claim next, in order; nobody else gets them."""
        self.flush()
        self._connection.execute(_FALLEN_DUE, {"now": self.now})
        if any(most is not None for most in accepts.values()):
            self._one_after_the_other("aijobs claims of limited types")  # so that no two take the same place
        ids = self._due_ids(dict(queries.open_types(self._connection, accepts)), limit)
        self.read(ids)
        return [record for job_id in ids if (record := self.job(job_id)) is not None]

    def _due_ids(self, room: dict[str, int], limit: int) -> list[UUID]:
        """Return what to claim next; `room` says how many of each type."""
        ids: dict[UUID, None] = {}
        while True:
            open_types = [name for name, more in room.items() if more > 0]
            found = self._connection.execute(_NEXT_DUE, {"types": open_types, "limit": limit}).all()
            for job_id, job_type in found:
                if job_id not in ids and room[job_type] > 0 and len(ids) < limit:
                    room[job_type] -= 1
                    ids[job_id] = None
            now_full = any(room[name] <= 0 for name in open_types)
            if len(found) < limit or len(ids) == limit or not now_full:
                return list(ids)

    def expired(self) -> list[JobRecord]:
        """Return the running jobs whose worker was not heard of in time, or whose attempt is stuck."""
        self.flush()
        ids = self._connection.execute(_EXPIRED, {"now": self.now}).scalars().all()
        self.read(ids)
        return [record for job_id in ids if (record := self.job(job_id)) is not None]

    def known_ids(self, ids: Iterable[UUID]) -> set[UUID]:
        """Return which of these jobs exist."""
        rows = self._connection.execute(_JOBS_BY_ID.with_only_columns(schema.jobs.c.id), {"ids": list(ids)})
        return set(rows.scalars())

    def complete(self) -> None:
        """Write what is left, and let go of keys that were taken for nobody."""
        self.flush()
        _FREE_KEY.run(self._connection, [[*key, _NOBODY] for key in self._reserved])

    def flush(self) -> None:
        """Write what has gathered so far."""
        connection = self._connection
        new = [job.record for job in self._unwritten if job.is_new]
        moved = [job.record for job in self._unwritten if not job.is_new]
        _INSERT_JOB.run(connection, [fixed_row(one) + self._changing_row(one) for one in new])
        _UPDATE_JOB.run(connection, [[*self._changing_row(one), one.job.id] for one in moved])
        _INSERT_EVENT.run(connection, [event_row(event) for event in self._events])
        for table, rows in self._rows.items():
            _INSERT[table].run(connection, rows)
        _POINT_KEY.run(connection, [[*key, job_id] for key, job_id in self._keys.items()])
        _MARK_REPLAYED.run(connection, self._replays)
        if self._spent:
            self._write_buckets()
        for job in self._unwritten:
            job.is_new = job.is_unwritten = False
        for gathered in (self._unwritten, self._events, self._rows, self._keys, self._replays):
            gathered.clear()
        self._spent.clear()

    def delete_dead_letters(self, tenant_id: UUID, failed_before: datetime) -> int:
        """Delete a tenant's dead letters of that age; return how many there were."""
        letters = schema.dead_letters.c
        old = (letters.tenant_id == tenant_id) & (letters.failed_at < failed_before)
        return self._connection.execute(delete(schema.dead_letters).where(old)).rowcount

    def delete_jobs(self, finished_before: datetime, *, keys_count_since: datetime, limit: int) -> int:
        """Delete some jobs that ended before, with logs and keys; return how many there were."""
        jobs = schema.jobs.c
        old = jobs.completed_at < finished_before
        keyless = jobs.idempotency_key.is_(None) | (jobs.completed_at <= keys_count_since)
        ids = self._connection.execute(select(jobs.id).where(old, keyless).limit(limit)).scalars().all()
        for table, column in (
            (schema.events, schema.events.c.job_id),
            (schema.idempotency_keys, schema.idempotency_keys.c.job_id),
            (schema.jobs, jobs.id),
        ):
            self._connection.execute(delete(table).where(column.in_(ids)))
        return len(ids)

    def insert_schedule(self, schedule: Schedule) -> None:
        """Add a schedule."""
        self._connection.execute(insert(schema.schedules).values(columns_of_schedule(schedule)))

    def delete_schedule(self, tenant_id: UUID, name: str) -> bool:
        """Delete a schedule; return whether there was one."""
        schedules = schema.schedules.c
        it = (schedules.tenant_id == tenant_id) & (schedules.name == name)
        return self._connection.execute(delete(schema.schedules).where(it)).rowcount > 0

    def move_schedule(self, schedule: Schedule, next_run_at: datetime, job_id: UUID | None) -> bool:
        """Set when a schedule is due again, if it is still as it was read; return whether it was."""
        fields = columns_of_schedule(schedule)
        as_read = [column == fields[column.name] for column in schema.schedules.c if column.name != "payload"]
        moved = update(schema.schedules).where(*as_read)
        moved = moved.values(next_run_at=next_run_at, last_run_at=schedule.next_run_at, last_job_id=job_id)
        return self._connection.execute(moved).rowcount > 0

    def _take_or_read(self, key: Key) -> UUID | None:
        """Return the job a key finds, None for a free one, and keep others from taking it."""
        if key in self._keys:
            return self._keys[key]
        tenant_id, word = key
        keys = schema.idempotency_keys
        # The row is made or locked in one statement: of two who want a new key, the second waits here for the first.
        take = self._dialect.insert(keys).values(tenant_id=tenant_id, key=word, job_id=_NOBODY)
        taken = take.on_conflict_do_update(
            index_elements=[keys.c.tenant_id, keys.c.key], set_={"key": take.excluded.key}
        ).returning(keys.c.job_id)
        holder: UUID = self._connection.execute(taken).scalar_one()
        if holder != _NOBODY:
            return holder
        self._reserved.add(key)
        return None

    def _keep(self, job: JobInHand, step: Step) -> JobRecord:
        if not job.is_unwritten:
            job.is_unwritten = True
            self._unwritten.append(job)
        if not job.is_touched:
            job.is_touched = True
            self.changed.append(job)
        job.record = step.record
        job.news += step.events
        self._events += step.events
        return step.record

    def _active_jobs(self, jobs: Sequence[Job], admission: Admission) -> Mapping[UUID, int]:
        """Return how many unfinished jobs these jobs' tenants have, where it matters."""
        if admission.max_active_jobs is None:
            return {}
        for tenant_id in {job.tenant_id for job in jobs} - self._active.keys():
            self.flush()
            self._active[tenant_id] = queries.active_jobs(self._connection, tenant_id)
        return self._active

    def _buckets(self, jobs: Sequence[Job], admission: Admission) -> Mapping[Bucket, datetime]:
        """Return how full the buckets are that these jobs are taken from."""
        for bucket in buckets_of(jobs, admission).keys() - self._full_at.keys():
            if (full_at := queries.full_at(self._connection, bucket)) is not None:
                self._full_at[bucket] = full_at
        return self._full_at

    def _write_buckets(self) -> None:
        rates = schema.rate_limits
        keep = self._dialect.insert(rates)
        keep = keep.on_conflict_do_update(
            index_elements=[rates.c.tenant_id, rates.c.type], set_={"full_at": keep.excluded.full_at}
        )
        rows = [{"tenant_id": one[0], "type": one[1], "full_at": full_at} for one, full_at in self._spent.items()]
        self._connection.execute(keep, rows)

    def _one_after_the_other(self, what: str) -> None:
        """Wait until no other transaction does this, and keep others from it; in SQLite there are no others."""
        if self._dialect is postgresql:
            self._connection.execute(_LOCK, {"what": what})

    @property
    def _dialect(self) -> ModuleType:
        return postgresql if self._connection.dialect.name == "postgresql" else sqlite

    def _changing_row(self, record: JobRecord) -> Row:
        queue = None
        if record.waiting:
            queue = "due" if record.run_at <= self.now else "later"
        return changing_row(record, queue=queue)

    def _add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = _COLUMNS[table]
        self._rows.setdefault(table, []).extend([row[name] for name in names] for row in rows)
