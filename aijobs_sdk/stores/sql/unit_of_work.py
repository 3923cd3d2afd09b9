"""One transaction's work: it reads what its commands need once, changes it in memory, and writes it together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, text

from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.contract.store import Accepts, Admission, Taker
from aijobs_sdk.engine.lifecycle import Command, Take, accept, advance, take_at_once
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.effects_in_hand import EffectsInHand
from aijobs_sdk.stores.sql.job_statements import EXPIRED, FALLEN_DUE, NEXT_DUE, NEXT_DUE_IDS, TAKEN
from aijobs_sdk.stores.sql.jobs_in_hand import JobsInHand
from aijobs_sdk.stores.sql.keys_in_hand import KeysInHand
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.tenants_in_hand import TenantsInHand

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")


class UnitOfWork:
    """What the commands of one transaction see and change. Written by `complete()`, kept or lost with it."""

    def __init__(self, session: Session, now: datetime, *, known: Mapping[int, JobRecord], again: bool = False) -> None:
        self.session = session
        self.now = now
        self.again = again
        """Whether a transaction with the same commands may have been committed without our knowing."""
        self.jobs = JobsInHand(session, now, known=known)
        self.keys = KeysInHand(session, self.jobs, now, again=again)
        self.effects = EffectsInHand(session)
        self._tenants = TenantsInHand(session, now, flush=self.flush)

    @property
    def connection(self) -> Connection:
        """The way to the database for what is asked seldom."""
        return self.session.connection

    def insert(self, new: NewJob, taker: Taker | None = None) -> JobRecord:
        """Add a job; a taker begins with it at once."""
        step = accept(new, self.now)
        if taker is not None:
            step = take_at_once(step, taker, self.now)
        job = step.record.job
        self.keys.give(job)
        self.effects.note_replay(job)
        self._tenants.count(job.tenant_id, 1)
        return self.jobs.add(step)

    def advance(self, record: JobRecord, command: Command) -> JobRecord:
        """Do to a job what the command says."""
        step = advance(record, command, self.now)
        if (letter := step.record.dead_letter()) is not None:
            self.effects.add_dead_letter(letter)
        if step.record.state.is_final and not record.state.is_final:
            self._tenants.count(record.job.tenant_id, -1)
        return self.jobs.keep(step)

    def admit(self, jobs: Sequence[Job], admission: Admission) -> None:
        """Let a tenant have these new jobs.

        Raises:
            TooManyJobsError, RateLimitedError: it may not, now.
        """
        for tenant_id in sorted({job.tenant_id for job in jobs}):
            self.one_after_the_other(f"aijobs tenant {tenant_id}")
        self._tenants.admit(jobs, admission)

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
        return self.jobs.readable(ids)

    def taken(self, take: Take) -> list[JobRecord]:
        """Return the running jobs that a worker took at this very instant: it has not heard of them."""
        self.flush()
        overdue_at = self.now + timedelta(seconds=take.hard_limit_seconds)
        ids = [job_id for (job_id,) in TAKEN.read(self.session, overdue_at=overdue_at, worker_id=take.worker_id)]
        return self.jobs.readable(ids)

    def complete(self) -> None:
        """Write what is left, and let go of keys that were taken for nobody."""
        self.flush()
        self.keys.let_go()

    def flush(self) -> None:
        """Write what has gathered so far."""
        self.jobs.write()
        self.effects.write()
        self.keys.write()
        self._tenants.write()

    def delete_dead_letters(self, tenant_id: UUID, failed_before: datetime) -> int:
        """Delete a tenant's dead letters of that age; return how many there were."""
        letters = schema.dead_letters.c
        old = (letters.tenant_id == tenant_id) & (letters.failed_at < failed_before)
        return self.connection.execute(delete(schema.dead_letters).where(old)).rowcount

    def one_after_the_other(self, what: str) -> None:
        """Wait until no other transaction does this, and keep others from it; in SQLite there are no others."""
        if self.session.dialect.name == "postgresql":
            self.connection.execute(_LOCK, {"what": what})

    def _first_due(self, types: Sequence[str], limit: int) -> list[JobRecord]:
        """Return the first jobs of these types, whether this transaction has taken them already or not."""
        lists = {"types": types}
        while True:
            if self.session.dialect.name == "postgresql":
                ids = [self.jobs.take_in(row) for row in NEXT_DUE.read(self.session, lists, limit=limit)]
            else:  # most are known, and need not be read
                ids = [job_id for (job_id,) in NEXT_DUE_IDS.read(self.session, lists, limit=limit)]
            records = self.jobs.readable(ids)
            if len(records) == len(ids):
                return records
