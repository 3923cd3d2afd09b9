"""One transaction's work: it reads each job once, changes it in memory, and writes everything together at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, delete, text

from aijobs_sdk.contract.blocks import BlockChange
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Accepts, Admission, Taker
from aijobs_sdk.engine.lifecycle import Command, Take, accept, advance, take_at_once
from aijobs_sdk.engine.record import JobRecord, Step
from aijobs_sdk.stores.admission import Bucket, buckets_of, check_active, full_at_after
from aijobs_sdk.stores.idempotency import Holder, Key, key_of, still_counts
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.ages import next_age
from aijobs_sdk.stores.sql.block_changes import write_block_changes
from aijobs_sdk.stores.sql.job_statements import EXPIRED, FALLEN_DUE, LOCKED_JOBS, NEXT_DUE, NEXT_DUE_IDS, TAKEN
from aijobs_sdk.stores.sql.rows import (
    CHANGING,
    EVENT,
    FIXED,
    LAST,
    changing_row,
    columns_of_dead_letter,
    columns_of_effect,
    event_row,
    fixed_row,
    last_row,
    record_of_row,
)
from aijobs_sdk.stores.sql.session import Row, Session
from aijobs_sdk.stores.sql.statements import Values, inserting, replacing, updating
from aijobs_sdk.stores.sql.unreadable import set_aside

_INSERT_JOB = inserting(schema.jobs, (*FIXED, *CHANGING, *LAST))
_INSERT_JOB_OF_AGE = inserting(schema.jobs, ("ordinal", *FIXED, *CHANGING, *LAST))
_MOVE_JOB = updating(schema.jobs, CHANGING, where=("id",))
_END_JOB = updating(schema.jobs, (*CHANGING, *LAST), where=("id",))
"""Apart from moving it, because that spares the indexes of what has ended."""
_INSERT_EVENT = inserting(schema.events, EVENT)
_LEFT_BEHIND = (
    schema.documents,
    schema.lineage,
    schema.query_usage,
    schema.images,
    schema.dead_letters,
    schema.suggestions,
)
_COLUMNS = {table: [column.name for column in table.c if column.name != "ordinal"] for table in _LEFT_BEHIND}
_INSERT = {table: inserting(table, names) for table, names in _COLUMNS.items()}
_POINT_KEY = updating(schema.idempotency_keys, ("job_id",), where=("tenant_id", "key"))
_KEY = ("tenant_id", "key", "job_id")
# The row is made or locked in one statement: of two who want a new key, the second waits here for the first.
_TAKE_OR_READ_KEY = replacing(schema.idempotency_keys, _KEY, changed=("key",), returning=_KEY)
_KEEP_RATE = replacing(schema.rate_limits, ("tenant_id", "type", "full_at"), changed=("full_at",))
_MARK_REPLAYED = updating(schema.dead_letters, ("replayed_as",), where=("job_id", "tenant_id"))
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
_JOB_COLUMNS = [column.name for column in schema.jobs.c]


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
    news: tuple[JobEvent, ...] = ()
    """What the transaction added to its log."""


class UnitOfWork:
    """What the commands of one transaction see and change. Written by `complete()`, kept or lost with it."""

    def __init__(self, session: Session, now: datetime, *, known: Mapping[int, JobRecord], again: bool = False) -> None:
        self.session = session
        self.now = now
        self.again = again
        """Whether a transaction with the same commands may have been committed without our knowing."""
        self.changed: list[JobInHand] = []
        """Every job this transaction touched, as it left it."""
        self._known = known
        self._jobs: dict[int, JobInHand] = {}
        """By `id.int`, as those that are known."""
        self._unreadable: dict[int, UnreadableRecordError] = {}
        self._unwritten: list[JobInHand] = []
        self._events: list[JobEvent] = []
        self._rows: dict[Table, list[Values]] = {}
        self._block_changes: list[BlockChange] = []
        self._holders: dict[Key, UUID | None] = {}
        """The jobs that keys find; None for a key that is free, and taken for one of ours."""
        self._keys: dict[Key, UUID] = {}
        """Of these, those of which the database still knows another."""
        self._reserved: dict[Key, UUID] = {}
        """Free keys that were taken for new jobs, before anybody could say whether those are accepted."""
        self._replays: list[Values] = []
        self._active: dict[UUID, int] = {}
        """Unfinished jobs of each tenant that somebody asked about, kept up to date from then on."""
        self._full_at: dict[Bucket, datetime] = {}
        self._spent: dict[Bucket, datetime] = {}

    @property
    def connection(self) -> Connection:
        """The way to the database for what is asked seldom."""
        return self.session.connection

    def read(self, ids: Iterable[UUID]) -> None:
        """Read these jobs, and keep others from changing them, in as few queries as there can be."""
        missing: dict[int, UUID] = {}
        for job_id in ids:
            key = job_id.int
            if key in self._jobs or key in self._unreadable:
                continue
            if (record := self._known.get(key)) is not None:
                self._jobs[key] = JobInHand(record)
            else:
                missing[key] = job_id
        for some in queries.in_parts([missing[key] for key in sorted(missing)]):  # in the order in which each locks
            for row in LOCKED_JOBS.read(self.session, {"ids": some}):
                self._take_in(row)

    def job(self, job_id: UUID) -> JobRecord | None:
        """Return a job that was read or made here, as this transaction has it.

        Raises:
            UnreadableRecordError: it is there, and cannot be read.
        """
        if (error := self._unreadable.get(job_id.int)) is not None:
            raise error
        job = self._jobs.get(job_id.int)
        return None if job is None else job.record

    def take_keys(self, jobs: Iterable[NewJob]) -> None:
        """Find out who holds the keys of these jobs, in one query, and keep others from taking those that are free."""
        wanted: dict[Key, UUID] = {}
        for new in jobs:
            if (key := key_of(new.job)) is not None and key not in self._holders:
                wanted.setdefault(key, new.job.id)
        if not wanted:
            return
        unread: list[Values] = [[*key, wanted[key]] for key in sorted(wanted)]
        found = {(tenant_id, word): job_id for tenant_id, word, job_id in _TAKE_OR_READ_KEY.read(self.session, unread)}
        self.read(job_id for key, job_id in found.items() if self.again or job_id != wanted[key])
        for key, job_id in found.items():
            is_free = job_id == wanted[key] and job_id.int not in self._jobs
            self._holders[key] = None if is_free else job_id
            if is_free:
                self._reserved[key] = job_id

    def held_keys(self, jobs: Sequence[NewJob]) -> dict[Key, Holder]:
        """Return who holds the keys of these jobs now; they stay so until the transaction ends."""
        self.take_keys(jobs)
        keys = [key for new in jobs if (key := key_of(new.job)) is not None]
        records = {key: self.job(job_id) for key in keys if (job_id := self._holders[key]) is not None}
        return {
            key: Holder(record.job.id, record.fingerprint)
            for key, record in records.items()
            if record is not None and still_counts(record.job, self.now)
        }

    def forget_keys(self) -> None:
        """Find out anew, when it is needed, who holds which key."""
        self._holders.clear()

    def insert(self, new: NewJob, taker: Taker | None = None) -> JobRecord:
        """Add a job; a taker begins with it at once."""
        step = accept(new, self.now)
        if taker is not None:
            step = take_at_once(step, taker, self.now)
        job = step.record.job
        if (key := key_of(job)) is not None:
            self._holders[key] = job.id
            if self._reserved.pop(key, None) != job.id:
                self._keys[key] = job.id
        if job.replay_of is not None:
            self._replays.append([job.id, job.replay_of, job.tenant_id])
        made = self._jobs[job.id.int] = JobInHand(step.record, is_new=True)
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
        return self._keep(self._jobs[record.job.id.int], step)

    def keep(self, effects: Effects) -> None:
        """Add what a job left behind."""
        for table, left in (
            (schema.documents, effects.documents),
            (schema.lineage, effects.lineage),
            (schema.query_usage, effects.usage),
            (schema.images, effects.images),
            (schema.suggestions, effects.suggestions),
        ):
            if left:
                self._add(table, map(columns_of_effect, left))
        self._block_changes += effects.blocks

    def admit(self, jobs: Sequence[Job], admission: Admission) -> None:
        """Let a tenant have these new jobs; the rates they are taken from are kept for all who come after.

        Raises:
            TooManyJobsError, RateLimitedError: it may not, now.
        """
        for tenant_id in sorted({job.tenant_id for job in jobs}):
            self.one_after_the_other(f"aijobs tenant {tenant_id}")
        check_active(jobs, admission, self._active_jobs(jobs, admission))
        spent = full_at_after(jobs, admission, self._buckets(jobs, admission), self.now)
        self._full_at |= spent
        self._spent |= spent

    def next_due(self, accepts: Accepts, limit: int) -> list[JobRecord]:
        """Return the jobs to claim next, in order; nobody else gets them."""
        self.flush()
        FALLEN_DUE.write(self.session, now=self.now)
        if any(most is not None for most in accepts.values()):
            self.one_after_the_other("aijobs claims of limited types")  # so that no two take the same place
        return self._due(dict(queries.open_types(self.session, accepts)), limit)

    def _due(self, room: dict[str, int], limit: int) -> list[JobRecord]:
        """Return what to claim next; `room` says how many of each type."""
        due: dict[UUID, JobRecord] = {}
        while open_types := [name for name, more in room.items() if more > 0]:
            records = self._first_due(open_types, limit)
            for record in records:
                job = record.job
                if job.id not in due and room[job.type] > 0 and len(due) < limit:
                    room[job.type] -= 1
                    due[job.id] = record
            now_full = any(room[name] <= 0 for name in open_types)
            if len(records) < limit or len(due) == limit or not now_full:
                break
        return list(due.values())

    def expired(self) -> list[JobRecord]:
        """Return the running jobs whose worker was not heard of in time, or whose attempt is stuck."""
        self.flush()
        ids = [job_id for (job_id,) in EXPIRED.read(self.session, now=self.now)]
        return self._those_readable(ids)

    def taken(self, take: Take) -> list[JobRecord]:
        """Return the running jobs that a worker took at this very instant: it has not heard of them."""
        self.flush()
        overdue_at = self.now + timedelta(seconds=take.hard_limit_seconds)
        ids = [job_id for (job_id,) in TAKEN.read(self.session, overdue_at=overdue_at, worker_id=take.worker_id)]
        return self._those_readable(ids)

    def complete(self) -> None:
        """Write what is left, and let go of keys that were taken for nobody."""
        self.flush()
        keys = schema.idempotency_keys.c
        for (tenant_id, word), job_id in self._reserved.items():
            free = (keys.tenant_id == tenant_id) & (keys.key == word) & (keys.job_id == job_id)
            self.connection.execute(delete(schema.idempotency_keys).where(free))

    def flush(self) -> None:
        """Write what has gathered so far."""
        session = self.session
        new = [job.record for job in self._unwritten if job.is_new]
        moved = [job.record for job in self._unwritten if not job.is_new and not job.record.state.is_final]
        ended = [job.record for job in self._unwritten if not job.is_new and job.record.state.is_final]
        self._insert_jobs(new)
        _MOVE_JOB.write(session, ([*self._changing_row(one), one.job.id] for one in moved))
        _END_JOB.write(session, ([*self._changing_row(one), *last_row(one), one.job.id] for one in ended))
        _INSERT_EVENT.write(session, map(event_row, self._events))
        for table, rows in self._rows.items():
            _INSERT[table].write(session, rows)
        write_block_changes(session, self._block_changes)
        _POINT_KEY.write(session, [[job_id, *key] for key, job_id in self._keys.items()])
        _MARK_REPLAYED.write(session, self._replays)
        _KEEP_RATE.write(session, [[*bucket, full_at] for bucket, full_at in self._spent.items()])
        for job in self._unwritten:
            job.is_new = job.is_unwritten = False
        for gathered in (
            self._unwritten,
            self._events,
            self._rows,
            self._block_changes,
            self._keys,
            self._replays,
        ):
            gathered.clear()
        self._spent.clear()

    def delete_dead_letters(self, tenant_id: UUID, failed_before: datetime) -> int:
        """Delete a tenant's dead letters of that age; return how many there were."""
        letters = schema.dead_letters.c
        old = (letters.tenant_id == tenant_id) & (letters.failed_at < failed_before)
        return self.connection.execute(delete(schema.dead_letters).where(old)).rowcount

    def _first_due(self, types: Sequence[str], limit: int) -> list[JobRecord]:
        """Return the first jobs of these types, whether this transaction has taken them already or not."""
        lists = {"types": types}
        while True:
            if self.session.dialect.name == "postgresql":
                ids = [self._take_in(row) for row in NEXT_DUE.read(self.session, lists, limit=limit)]
            else:  # most are known, and need not be read
                ids = [job_id for (job_id,) in NEXT_DUE_IDS.read(self.session, lists, limit=limit)]
            records = self._those_readable(ids)
            if len(records) == len(ids):
                return records

    def _those_readable(self, ids: Sequence[UUID]) -> list[JobRecord]:
        """Return these jobs as this transaction has them; what cannot be read is set aside, and not found again."""
        self.read(ids)
        if errors := [self._unreadable[job_id.int] for job_id in ids if job_id.int in self._unreadable]:
            set_aside(self.connection, errors, self.now)
        return [self._jobs[job_id.int].record for job_id in ids if job_id.int in self._jobs]

    def _take_in(self, row: Row) -> UUID:
        """Read the job of a row, unless this transaction has it already; return its id."""
        columns = dict(zip(_JOB_COLUMNS, row, strict=True))
        job_id: UUID = columns["id"]
        try:
            self._jobs.setdefault(job_id.int, JobInHand(record_of_row(columns)))
        except UnreadableRecordError as error:
            self._unreadable[job_id.int] = error
        return job_id

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
            self._active[tenant_id] = queries.active_jobs(self.connection, tenant_id)
        return self._active

    def _buckets(self, jobs: Sequence[Job], admission: Admission) -> Mapping[Bucket, datetime]:
        """Return how full the buckets are that these jobs are taken from."""
        for bucket in buckets_of(jobs, admission).keys() - self._full_at.keys():
            if (full_at := queries.full_at(self.connection, bucket)) is not None:
                self._full_at[bucket] = full_at
        return self._full_at

    def one_after_the_other(self, what: str) -> None:
        """Wait until no other transaction does this, and keep others from it; in SQLite there are no others."""
        if self.session.dialect.name == "postgresql":
            self.connection.execute(_LOCK, {"what": what})

    def _insert_jobs(self, new: Sequence[JobRecord]) -> None:
        rows = (fixed_row(one) + self._changing_row(one) + last_row(one) for one in new)
        if new and (age := next_age(self.session)) is not None:
            _INSERT_JOB_OF_AGE.write(self.session, [[age, *next(rows)]])  # those behind it come after its age
        _INSERT_JOB.write(self.session, rows)

    def _changing_row(self, record: JobRecord) -> Values:
        queue = None
        if record.waiting:
            queue = "due" if record.run_at <= self.now else "later"
        return changing_row(record, queue=queue)

    def _add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = _COLUMNS[table]
        self._rows.setdefault(table, []).extend([row[name] for name in names] for row in rows)
