"""How a job moves: one table, and `advance()`, the only code that changes a job's state.

Pure: a store calls it inside its own atomic step, and writes what comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypedDict, Unpack, assert_never
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import LeaseLostError
from aijobs_sdk.contract.events import (
    JobAccepted,
    JobCancelled,
    JobCancelRequested,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobReleased,
    JobRetrying,
    JobStarted,
    TextDelta,
)
from aijobs_sdk.contract.job import Job, JobState, JobStatus, NewJob
from aijobs_sdk.contract.records import DeadLetter
from aijobs_sdk.contract.store import (
    Cancelled,
    Claim,
    Done,
    Fail,
    Lease,
    Outcome,
    Progress,
    Release,
    Retry,
    Taker,
    Text,
    Update,
)


class Verb(StrEnum):
    """What can be done to a job."""

    CLAIM = "claim"
    EXTEND = "extend"
    REPORT = "report"
    COMPLETE = "complete"
    RETRY = "retry"
    FAIL = "fail"
    RELEASE = "release"
    REQUEST_CANCEL = "request cancel"
    CANCEL = "cancel"

    __hash__ = str.__hash__  # as of a state: every step looks into the table


TABLE: Mapping[tuple[JobState, Verb], JobState] = {
    (JobState.SCHEDULED, Verb.CLAIM): JobState.RUNNING,
    (JobState.READY, Verb.CLAIM): JobState.RUNNING,
    (JobState.RETRY_WAIT, Verb.CLAIM): JobState.RUNNING,
    (JobState.RUNNING, Verb.EXTEND): JobState.RUNNING,
    (JobState.RUNNING, Verb.REPORT): JobState.RUNNING,
    (JobState.RUNNING, Verb.COMPLETE): JobState.COMPLETED,
    (JobState.RUNNING, Verb.RETRY): JobState.RETRY_WAIT,
    (JobState.RUNNING, Verb.FAIL): JobState.FAILED,
    (JobState.RUNNING, Verb.RELEASE): JobState.READY,
    (JobState.RUNNING, Verb.CANCEL): JobState.CANCELLED,
    (JobState.SCHEDULED, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.READY, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.RETRY_WAIT, Verb.REQUEST_CANCEL): JobState.CANCELLED,
    (JobState.RUNNING, Verb.REQUEST_CANCEL): JobState.RUNNING,
    (JobState.COMPLETED, Verb.REQUEST_CANCEL): JobState.COMPLETED,
    (JobState.FAILED, Verb.REQUEST_CANCEL): JobState.FAILED,
    (JobState.CANCELLED, Verb.REQUEST_CANCEL): JobState.CANCELLED,
}
"""From where, by what, to where. A pair that is not here cannot happen: `advance()` refuses it."""
CLAIMABLE = frozenset(state for state, verb in TABLE if verb is Verb.CLAIM)


class _Head(TypedDict):
    job_id: UUID
    seq: int
    at: datetime
    status: JobStatus
    progress: int
    message: str


class Take(NamedTuple):
    """A worker claims the job."""

    worker_id: str
    lease_seconds: float
    hard_limit_seconds: float


class Extend(NamedTuple):
    """A worker is alive and keeps the job."""

    lease_seconds: float


class Report(NamedTuple):
    """A handler says how far it is, or what it wrote."""

    updates: Sequence[Update]


class RequestCancel(NamedTuple):
    """Somebody wants the job to stop."""


Command = Take | Extend | Report | RequestCancel | Outcome


class JobRecord(NamedTuple):
    """All that a store keeps about a job: what everybody sees, and what only the engine needs."""

    job: Job
    state: JobState
    fingerprint: str | None
    draw_key: str
    run_at: datetime
    """No claim before this instant."""
    fence: int = 0
    lease_until: datetime | None = None
    """When the worker counts as lost, unless it is heard of again."""
    overdue_at: datetime | None = None
    """When the attempt counts as stuck, however alive its worker is."""
    errors: tuple[ErrorInfo, ...] = ()
    """How earlier attempts failed, oldest first."""
    last_seq: int = 0
    cancel_requested: bool = False

    @property
    def lease(self) -> Lease:
        """The lease a worker must show to write now."""
        return Lease(self.job.id, self.fence)

    @property
    def claim(self) -> Claim:
        """What its worker is handed."""
        return Claim(self.job, self.lease, self.draw_key)

    @property
    def waiting(self) -> bool:
        """Whether a worker may take the job, now or later."""
        return self.state in CLAIMABLE

    def claimable(self, now: datetime) -> bool:
        """Return True for a job that a worker may take at this instant."""
        return self.waiting and self.run_at <= now

    @property
    def ends_by(self) -> datetime | None:
        """When the attempt is taken from its worker, as things stand; None for a job that does not run."""
        if self.state is not JobState.RUNNING or self.lease_until is None or self.overdue_at is None:
            return None
        return min(self.lease_until, self.overdue_at)

    def expired(self, now: datetime) -> bool:
        """Return True for a running job whose worker was not heard of in time, or whose attempt is stuck."""
        return _is_past(self.ends_by, now)

    def dead_letter(self) -> DeadLetter | None:
        """Return what a failed job leaves for somebody to look into; None for every other job."""
        job = self.job
        if self.state is not JobState.FAILED or job.error is None or job.completed_at is None:
            return None
        return DeadLetter(
            job_id=job.id,
            tenant_id=job.tenant_id,
            user_id=job.user_id,
            type=job.type,
            priority=job.priority,
            payload=job.payload,
            max_attempts=job.max_attempts,
            errors=self.errors,
            draw_key=self.draw_key,
            failed_at=job.completed_at,
        )


class Step(NamedTuple):
    """What one command made of a job: the new record, and the events to append with it."""

    record: JobRecord
    events: tuple[JobEvent, ...]


class ForbiddenTransitionError(RuntimeError):
    """The table has no such transition: a bug in the caller, not an outcome."""


STUCK = ErrorInfo(
    code="job_stuck",
    category=ErrorCategory.TIMEOUT,
    message="The attempt passed its hard time limit: its handler neither ended nor stopped when it was told to.",
)
CANCELLED = ErrorInfo(code="cancelled", category=ErrorCategory.CANCELLED, message="Cancelled on request.")


def accept(new: NewJob, now: datetime) -> Step:
    """Return the first record of a job and its first event."""
    run_at = new.run_at or now
    record = JobRecord(
        job=new.job,
        state=JobState.SCHEDULED if run_at > now else JobState.READY,
        fingerprint=new.fingerprint,
        draw_key=new.draw_key,
        run_at=run_at,
        last_seq=1,
    )
    return Step(record, (JobAccepted(**_head(record, now)),))


def take_at_once(accepted: Step, taker: Taker, now: datetime) -> Step:
    """Return the first step of a job with which a worker begins in that moment."""
    begun = _take(accepted.record, Take(taker.worker_id, taker.lease_seconds, taker.hard_limit_seconds), now)
    return Step(begun.record, accepted.events + begun.events)


def check_lease(record: JobRecord, lease: Lease) -> None:
    """Refuse a write that comes from a worker which no longer holds the job.

    Raises:
        LeaseLostError: the fence is old or the job does not run.
    """
    if record.state is not JobState.RUNNING or record.fence != lease.fence:
        raise LeaseLostError(lease.job_id)


def ended_so(record: JobRecord, lease: Lease, outcome: Outcome) -> bool:
    """Return whether this very outcome ended the attempt before: its worker heard no reply, and says it again."""
    if record.state is JobState.RUNNING or record.fence != lease.fence:
        return False
    match outcome:
        case Done():
            return record.state is JobState.COMPLETED
        case Fail():
            return record.errors[-1:] == (outcome.error,)
        case Retry():
            return record.errors[-1:] == (outcome.error,) or _was_to_be_cancelled(record)
        case Release():
            return record.state is JobState.READY or _was_to_be_cancelled(record)
        case Cancelled():
            return record.state is JobState.CANCELLED
        case _:
            assert_never(outcome)


def advance(record: JobRecord, command: Command, now: datetime) -> Step:
    """Return what the command makes of the job.

    Raises:
        ForbiddenTransitionError: the table does not allow it from this state.
    """
    command = _as_it_may_be(record, command)
    state = _next_state(record.state, command)
    match command:
        case Take():
            return _take(record, command, now)
        case Extend():
            return Step(_extend(record, command, now), ())
        case Report():
            return _report(record, command.updates, now)
        case RequestCancel():
            return _request_cancel(record, state, now)
        case Done():
            written = _report(record, command.updates, now)
            job = {"result": command.result, "progress": 100, "message": "Completed", "completed_at": now}
            ended = _move(written.record, state, job)
            return Step(ended, (*written.events, JobCompleted(**_head(ended, now))))
        case Retry():
            return _retry(record, command, now)
        case Fail():
            job = {"error": command.error, "message": command.error.message, "completed_at": now}
            ended = _move(record, state, job, errors=(*record.errors, command.error))
            return Step(ended, (JobFailed(**_head(ended, now), error=command.error),))
        case Cancelled():
            return _cancel(record, now)
        case Release():
            job = {"attempts": record.job.attempts - 1, "progress": 0, "message": "Given back by its worker"}
            released = _move(record, state, job, run_at=_after(now, command.delay_seconds), lease_until=None)
            return Step(released, (JobReleased(**_head(released, now)),))
        case _:
            assert_never(command)


def expire(record: JobRecord, now: datetime) -> Retry | Fail:
    """Return how an attempt ends that nobody will end: it counts, so that a poisonous job cannot run for ever."""
    if _outlived_its_limit(record, now):
        return Fail(STUCK.replace(attempt=record.job.attempts))
    error = ErrorInfo(
        code="worker_lost",
        category=ErrorCategory.INTERNAL,
        message="The worker stopped without a word, and its lease ran out.",
        retryable=True,
        attempt=record.job.attempts,
    )
    return Retry(error, delay_seconds=0)


def is_lost(record: JobRecord, now: datetime, holding: Collection[Lease]) -> bool:
    """Return whether nobody will end the attempt: its worker is silent and not the one that asks, or it is stuck."""
    return record.expired(now) and (record.lease not in holding or _outlived_its_limit(record, now))


def _outlived_its_limit(record: JobRecord, now: datetime) -> bool:
    """Whether the worker was still heard of when the attempt reached its hard limit: else it was lost before."""
    limit, heard_until = record.overdue_at, record.lease_until
    return limit is not None and heard_until is not None and _is_past(limit, now) and heard_until > limit


def _as_it_may_be(record: JobRecord, command: Command) -> Command:
    """Return the command, or what it comes to: nothing runs again that nobody wants, or that has had its attempts."""
    if record.cancel_requested and isinstance(command, (Retry, Release)):
        return Cancelled()
    if isinstance(command, Retry) and record.job.attempts >= record.job.max_attempts:
        return Fail(command.error)
    return command


def _was_to_be_cancelled(record: JobRecord) -> bool:
    return record.cancel_requested and record.state is JobState.CANCELLED


_VERB_OF: Mapping[type[Command], Verb] = {
    Take: Verb.CLAIM,
    Extend: Verb.EXTEND,
    Report: Verb.REPORT,
    RequestCancel: Verb.REQUEST_CANCEL,
    Done: Verb.COMPLETE,
    Retry: Verb.RETRY,
    Fail: Verb.FAIL,
    Cancelled: Verb.CANCEL,
    Release: Verb.RELEASE,
}


def _next_state(state: JobState, command: Command) -> JobState:
    verb = _VERB_OF[type(command)]
    try:
        return TABLE[state, verb]
    except KeyError:
        raise ForbiddenTransitionError(f"Cannot {verb} a job that is {state}.") from None


def _take(record: JobRecord, command: Take, now: datetime) -> Step:
    attempt = record.job.attempts + 1
    job = {
        "attempts": attempt,
        "worker_id": command.worker_id,
        "task_id": f"{command.worker_id}/{record.job.id.hex}/{record.fence + 1}",
        "message": "Started" if attempt == 1 else f"Started attempt {attempt}",
        "started_at": record.job.started_at or now,
        "progress": 0,
    }
    taken = _move(
        record,
        JobState.RUNNING,
        job,
        fence=record.fence + 1,
        lease_until=_after(now, command.lease_seconds),
        overdue_at=_after(now, command.hard_limit_seconds),
    )
    return Step(taken, (JobStarted(**_head(taken, now), attempt=attempt),))


def _extend(record: JobRecord, command: Extend, now: datetime) -> JobRecord:
    """Return the record with a longer lease.

    Time in which the worker could not be heard of is not held against the attempt: the clock jumped, or the machine
    slept.
    """
    extended = record._replace(lease_until=_after(now, command.lease_seconds))
    if record.lease_until is None or record.overdue_at is None or not _is_past(record.lease_until, now):
        return extended
    return extended._replace(overdue_at=record.overdue_at + (now - record.lease_until))


def _report(record: JobRecord, updates: Sequence[Update], now: datetime) -> Step:
    events: list[JobEvent] = []
    for update in updates:
        match update:
            case Progress():
                job = {"progress": update.percent, "message": update.message}
                record = _move(record, JobState.RUNNING, job)
                events.append(JobProgressed(**_head(record, now)))
            case Text():
                record = _move(record, JobState.RUNNING, {})
                events.append(
                    TextDelta(
                        job_id=record.job.id,
                        seq=record.last_seq,
                        at=now,
                        text=update.text,
                        offset=update.offset,
                        attempt=record.job.attempts,
                    )
                )
            case _:
                assert_never(update)
    return Step(record, tuple(events))


def _request_cancel(record: JobRecord, state: JobState, now: datetime) -> Step:
    if record.state.is_final or record.cancel_requested:
        return Step(record, ())
    if state is JobState.CANCELLED:
        return _cancel(record, now)
    asked = _move(record, state, {"message": "Cancelling"}, cancel_requested=True)
    return Step(asked, (JobCancelRequested(**_head(asked, now)),))


def _cancel(record: JobRecord, now: datetime) -> Step:
    error = CANCELLED.replace(attempt=record.job.attempts or None)
    job = {"error": error, "message": error.message, "completed_at": now}
    ended = _move(record, JobState.CANCELLED, job)
    return Step(ended, (JobCancelled(**_head(ended, now), error=error),))


def _retry(record: JobRecord, command: Retry, now: datetime) -> Step:
    retry_at = _after(now, command.delay_seconds)
    job = {"progress": 0, "message": f"Retrying in {command.delay_seconds:.1f} s: {command.error.message}"}
    waiting = _move(
        record, JobState.RETRY_WAIT, job, run_at=retry_at, lease_until=None, errors=(*record.errors, command.error)
    )
    event = JobRetrying(**_head(waiting, now), attempt=record.job.attempts, error=command.error, retry_at=retry_at)
    return Step(waiting, (event,))


class _Changes(TypedDict, total=False):
    fence: int
    lease_until: datetime | None
    overdue_at: datetime
    errors: tuple[ErrorInfo, ...]
    run_at: datetime
    cancel_requested: bool


def _move(
    record: JobRecord, state: JobState, job_changes: Mapping[str, object], **changes: Unpack[_Changes]
) -> JobRecord:
    """Return the record one event further, in a state."""
    job = record.job.replace(status=state.status, **job_changes)
    return record._replace(job=job, state=state, last_seq=record.last_seq + 1, **changes)


@lru_cache(64)  # what is claimed together is held until the same instant
def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def _is_past(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant <= now


def _head(record: JobRecord, now: datetime) -> _Head:
    job = record.job
    return {
        "job_id": job.id,
        "seq": record.last_seq,
        "at": now,
        "status": job.status,
        "progress": job.progress,
        "message": job.message,
    }
