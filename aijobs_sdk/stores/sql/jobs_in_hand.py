"""The jobs of one transaction: each is read once, changed in memory, and written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.engine.record import JobRecord, Step
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.ages import next_age
from aijobs_sdk.stores.sql.job_statements import LOCKED_JOBS
from aijobs_sdk.stores.sql.rows import (
    CHANGING,
    EVENT,
    FIXED,
    LAST,
    changing_row,
    event_row,
    fixed_row,
    last_row,
    record_of_row,
)
from aijobs_sdk.stores.sql.session import Row, Session
from aijobs_sdk.stores.sql.statements import Values, inserting, updating
from aijobs_sdk.stores.sql.unreadable import set_aside

_INSERT_JOB = inserting(schema.jobs, (*FIXED, *CHANGING, *LAST))
_INSERT_JOB_OF_AGE = inserting(schema.jobs, ("ordinal", *FIXED, *CHANGING, *LAST))
_MOVE_JOB = updating(schema.jobs, CHANGING, where=("id",))
_END_JOB = updating(schema.jobs, (*CHANGING, *LAST), where=("id",))
"""Apart from moving it, because that spares the indexes of what has ended."""
_INSERT_EVENT = inserting(schema.events, EVENT)
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


class JobsInHand:
    """What a transaction has of jobs. `known` are those that need not be read, by `id.int`."""

    def __init__(self, session: Session, now: datetime, *, known: Mapping[int, JobRecord]) -> None:
        self._session = session
        self._now = now
        self._known = known
        self._jobs: dict[int, JobInHand] = {}
        """By `id.int`, as those that are known."""
        self._unreadable: dict[int, UnreadableRecordError] = {}
        self.changed: list[JobInHand] = []
        """Every job this transaction touched, as it left it."""
        self._unwritten: list[JobInHand] = []
        self._events: list[JobEvent] = []

    def __contains__(self, job_id: UUID) -> bool:
        return job_id.int in self._jobs

    def get(self, job_id: UUID) -> JobRecord | None:
        """Return a job that was read or made here, as this transaction has it.

        Raises:
            UnreadableRecordError: it is there, and cannot be read.
        """
        if (error := self._unreadable.get(job_id.int)) is not None:
            raise error
        job = self._jobs.get(job_id.int)
        return None if job is None else job.record

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
            for row in LOCKED_JOBS.read(self._session, {"ids": some}):
                self.take_in(row)

    def take_in(self, row: Row) -> UUID:
        """Read the job of a row, unless this transaction has it already; return its id."""
        columns = dict(zip(_JOB_COLUMNS, row, strict=True))
        job_id: UUID = columns["id"]
        try:
            self._jobs.setdefault(job_id.int, JobInHand(record_of_row(columns)))
        except UnreadableRecordError as error:
            self._unreadable[job_id.int] = error
        return job_id

    def readable(self, ids: Sequence[UUID]) -> list[JobRecord]:
        """Return these jobs as this transaction has them; what cannot be read is set aside, and not found again."""
        self.read(ids)
        if errors := [self._unreadable[job_id.int] for job_id in ids if job_id.int in self._unreadable]:
            set_aside(self._session.connection, errors, self._now)
        return [self._jobs[job_id.int].record for job_id in ids if job_id.int in self._jobs]

    def add(self, step: Step) -> JobRecord:
        """Take in a new job."""
        self._jobs[step.record.job.id.int] = JobInHand(step.record, is_new=True)
        return self.keep(step)

    def keep(self, step: Step) -> JobRecord:
        """Take in what became of a job that is here."""
        job = self._jobs[step.record.job.id.int]
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

    def write(self) -> None:
        """Write what has gathered so far: jobs, and what is new in their logs."""
        session = self._session
        new = [job.record for job in self._unwritten if job.is_new]
        moved = [job.record for job in self._unwritten if not job.is_new and not job.record.state.is_final]
        ended = [job.record for job in self._unwritten if not job.is_new and job.record.state.is_final]
        self._insert(new)
        _MOVE_JOB.write(session, ([*self._changing_row(one), one.job.id] for one in moved))
        _END_JOB.write(session, ([*self._changing_row(one), *last_row(one), one.job.id] for one in ended))
        _INSERT_EVENT.write(session, map(event_row, self._events))
        for job in self._unwritten:
            job.is_new = job.is_unwritten = False
        self._unwritten.clear()
        self._events.clear()

    def _insert(self, new: Sequence[JobRecord]) -> None:
        rows = (fixed_row(one) + self._changing_row(one) + last_row(one) for one in new)
        if new and (age := next_age(self._session)) is not None:
            _INSERT_JOB_OF_AGE.write(self._session, [[age, *next(rows)]])  # those behind it come after its age
        _INSERT_JOB.write(self._session, rows)

    def _changing_row(self, record: JobRecord) -> Values:
        queue = None
        if record.waiting:
            queue = "due" if record.run_at <= self._now else "later"
        return changing_row(record, queue=queue)
