"""How a job moves: `advance()`, by the table of `transitions.py`, is the only code that changes a job's state.

Pure: a store calls it inside its own atomic step, and writes what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypedDict, Unpack, assert_never
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
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
from aijobs_sdk.contract.job import JobState, JobStatus, NewJob
from aijobs_sdk.contract.store import (
    Cancelled,
    Done,
    Fail,
    Outcome,
    Progress,
    Release,
    Retry,
    Taker,
    Text,
    Update,
)
from aijobs_sdk.engine.record import JobRecord, Step, has_passed
from aijobs_sdk.engine.transitions import Verb, next_state


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


def advance(record: JobRecord, command: Command, now: datetime) -> Step:
    """Return what the command makes of the job.

    Raises:
        ForbiddenTransitionError: the table does not allow it from this state.
    """
    command = _as_it_may_be(record, command)
    state = next_state(record.state, _VERB_OF[type(command)])
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


def _as_it_may_be(record: JobRecord, command: Command) -> Command:
    """Return the command, or what it comes to: nothing runs again that nobody wants, or that has had its attempts."""
    if record.cancel_requested and isinstance(command, (Retry, Release)):
        return Cancelled()
    if isinstance(command, Retry) and record.job.attempts >= record.job.max_attempts:
        return Fail(command.error)
    return command


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
    if record.lease_until is None or record.overdue_at is None or not has_passed(record.lease_until, now):
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
                record = record._replace(last_seq=record.last_seq + 1)  # the job is as it was
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


def _after(now: datetime, seconds: float) -> datetime:
    return now + _span(seconds)


@lru_cache(64)  # leases and limits are of the same length for all jobs
def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


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
