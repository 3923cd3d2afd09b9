"""Whose a running job is: who may write to it, who ended it, and when nobody will. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import assert_never

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import LeaseLostError
from aijobs_sdk.contract.job import JobState
from aijobs_sdk.contract.store import Cancelled, Done, Fail, Lease, Outcome, Release, Retry
from aijobs_sdk.engine.record import JobRecord, has_passed

STUCK = ErrorInfo(
    code="job_stuck",
    category=ErrorCategory.TIMEOUT,
    message="The attempt passed its hard time limit: its handler neither ended nor stopped when it was told to.",
)


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
    return limit is not None and heard_until is not None and has_passed(limit, now) and heard_until > limit


def _was_to_be_cancelled(record: JobRecord) -> bool:
    return record.cancel_requested and record.state is JobState.CANCELLED
