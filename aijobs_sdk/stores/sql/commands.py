"""What can be asked of the writer: each command is one atomic step inside the transaction it shares with others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from aijobs_sdk.contract.errors import JobNotFoundError, LeaseLostError, UnreadableRecordError
from aijobs_sdk.contract.job import Job, JobState, NewJob
from aijobs_sdk.contract.store import (
    IDEMPOTENCY_HOURS,
    NO_LIMITS,
    Accepts,
    Admission,
    Beat,
    Claim,
    Created,
    Done,
    Lease,
    Outcome,
    Release,
    Taker,
    Update,
)
from aijobs_sdk.engine.lease import check_lease, ended_so, expire, is_lost
from aijobs_sdk.engine.lifecycle import Extend, Report, RequestCancel, Take
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.idempotency import ids_under_keys
from aijobs_sdk.stores.sql.old_jobs import delete_old_jobs
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork
from aijobs_sdk.stores.taking import taken_at_once

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Command(Protocol[T_co]):
    """One step. It raises before it changes anything, so that its neighbours in the transaction stay unharmed."""

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        ...

    def run(self, work: UnitOfWork) -> T_co:
        """Do it. It may have been done before, without our knowing (`work.again`)."""
        ...


class Nothing(NamedTuple):
    """Change nothing: a transaction for its own sake."""

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""


class Create(NamedTuple):
    """Insert jobs, all or none."""

    new: tuple[NewJob, ...]
    admission: Admission
    taker: Taker | None = None

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> Created:
        """Do it."""
        ids = ids_under_keys(self.new, work.keys.holders(self.new))
        if work.again:
            work.jobs.read([new.job.id for new in self.new])
        made = [new for new, job_id in zip(self.new, ids, strict=True) if job_id == new.job.id]
        missing = [new for new in made if work.jobs.get(new.job.id) is None]
        if self.admission is not NO_LIMITS:
            work.admit([new.job for new in missing], self.admission)
        taken = taken_at_once(missing, self.taker, work.now)
        for new in missing:
            work.insert(new, self.taker if new.job.id in taken else None)
        records = [_there(work, new.job.id) for new in made]
        accepted = {new.job.id: new.job for new in made}
        jobs = [accepted.get(job_id) or _there(work, job_id).job for job_id in ids]
        return Created(jobs, [record.claim for record in records if self._has_to_begin(record)])

    def _has_to_begin(self, record: JobRecord) -> bool:
        """Whether the taker has the job from its very beginning: from here, or from a time when no answer came."""
        if self.taker is None or record.state is not JobState.RUNNING:
            return False
        return record.fence == 1 and record.job.worker_id == self.taker.worker_id


class TakeDue(NamedTuple):
    """Claim what is due."""

    limit: int
    accepts: Accepts
    take: Take

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> list[Claim]:
        """Do it."""
        if work.again:
            self._give_back_unheard_of(work)
        due = work.next_due(self.accepts, self.limit)
        return [work.advance(record, self.take).claim for record in due]

    def _give_back_unheard_of(self, work: UnitOfWork) -> None:
        """Release what was claimed when the answer was lost: nobody runs it, and it would cost the job an attempt."""
        for record in work.taken(self.take):
            work.advance(record, Release())


class GiveBack(NamedTuple):
    """Release claims that nobody waits for any more."""

    leases: tuple[Lease, ...]

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return [lease.job_id for lease in self.leases]

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        for lease in self.leases:
            record = _leased(work, lease)
            if record is not None and _holds(record, lease):
                work.advance(record, Release())


class Heartbeat(NamedTuple):
    """Extend leases."""

    leases: tuple[Lease, ...]
    extend: Extend

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return [lease.job_id for lease in self.leases]

    def run(self, work: UnitOfWork) -> Mapping[Lease, Beat]:
        """Do it."""
        return {lease: self._beat(work, lease) for lease in self.leases}

    def _beat(self, work: UnitOfWork, lease: Lease) -> Beat:
        record = _leased(work, lease)
        if record is None or not _holds(record, lease):
            return Beat(lost=True, cancel_requested=False)
        return Beat(lost=False, cancel_requested=work.advance(record, self.extend).cancel_requested)


class Append(NamedTuple):
    """Add to a log."""

    lease: Lease
    updates: tuple[Update, ...]

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return (self.lease.job_id,)

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        work.advance(_held(work, self.lease), Report(self.updates))


class Finish(NamedTuple):
    """End an attempt, with what it left behind."""

    lease: Lease
    outcome: Outcome

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return (self.lease.job_id,)

    def run(self, work: UnitOfWork) -> Job:
        """Do it."""
        known = _leased(work, self.lease)
        if known is not None and ended_so(known, self.lease, self.outcome):
            return known.job
        record = work.advance(_held(work, self.lease), self.outcome)
        if isinstance(self.outcome, Done):
            work.effects.add(self.outcome.effects)
        return record.job


class Cancel(NamedTuple):
    """Ask a job to stop."""

    tenant_id: UUID
    job_id: UUID

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return (self.job_id,)

    def run(self, work: UnitOfWork) -> Job:
        """Do it."""
        record = work.jobs.get(self.job_id)
        if record is None or record.job.tenant_id != self.tenant_id:
            raise JobNotFoundError(self.job_id)
        return record.job if record.state.is_final else work.advance(record, RequestCancel()).job


class Reap(NamedTuple):
    """End the attempts that nobody will end."""

    holding: Collection[Lease]

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> list[Job]:
        """Do it."""
        lost = [record for record in work.expired() if is_lost(record, work.now, self.holding)]
        return [work.advance(record, expire(record, work.now)).job for record in lost]


class PurgeDeadLetters(NamedTuple):
    """Delete dead letters of some age."""

    tenant_id: UUID
    failed_before: datetime

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> int:
        """Do it."""
        work.flush()
        return work.delete_dead_letters(self.tenant_id, self.failed_before)


class PurgeJobs(NamedTuple):
    """Delete some jobs that ended a while ago."""

    finished_before: datetime
    limit: int

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> int:
        """Do it."""
        work.flush()
        work.keys.forget()  # those of the jobs that are deleted go with them
        since = work.now - timedelta(hours=IDEMPOTENCY_HOURS)
        return delete_old_jobs(work.connection, self.finished_before, keys_count_since=since, limit=self.limit)


def _there(work: UnitOfWork, job_id: UUID) -> JobRecord:
    record = work.jobs.get(job_id)
    if record is None:
        raise RuntimeError(f"Job {job_id} was read or made in this transaction, and is not there.")
    return record


def _leased(work: UnitOfWork, lease: Lease) -> JobRecord | None:
    """Return the job that somebody has or had in hand; what cannot be read is nobody's any more."""
    with suppress(UnreadableRecordError):
        return work.jobs.get(lease.job_id)
    return None


def _holds(record: JobRecord, lease: Lease) -> bool:
    try:
        check_lease(record, lease)
    except LeaseLostError:
        return False
    return True


def _held(work: UnitOfWork, lease: Lease) -> JobRecord:
    record = _leased(work, lease)
    if record is None:
        raise LeaseLostError(lease.job_id)
    check_lease(record, lease)
    return record
