"""Whether a tenant may have more jobs now: how many it has that are not finished, and how fast it submits them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from aijobs_sdk.contract.errors import InvalidRequestError, RateLimitedError, TooManyJobsError
from aijobs_sdk.contract.job import Job, Rate
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.store import Admission

Bucket = tuple[UUID, str]
"""A tenant and a job type: what a rate is measured for."""
ROUNDING_SECONDS = 0.001
"""Instants are kept to the microsecond, so that the shares of many jobs need not add up exactly."""
MOST_APART_SECONDS = 60.0
"""By how much the clocks of two processes may differ. One that is set back by more shuts nobody out until it is where
it was."""
AGAIN_SECONDS = 1.0
"""When to try again where nobody can say how long the jobs under way will take."""


def check_active(jobs: Sequence[Job], admission: Admission, active: Mapping[UUID, int]) -> None:
    """Refuse these new jobs if a tenant would have too many; `active` says how many each has now.

    Raises:
        TooManyJobsError: it would.
    """
    most = admission.max_active_jobs
    if most is None:
        return
    for tenant_id, more in Counter(job.tenant_id for job in jobs).items():
        if active.get(tenant_id, 0) + more > most:
            raise TooManyJobsError(most, retry_after_seconds=AGAIN_SECONDS)


def buckets_of(jobs: Sequence[Job], admission: Admission) -> Counter[Bucket]:
    """Return how many of these jobs count towards which rate."""
    return Counter((job.tenant_id, job.type) for job in jobs if job.type in admission.rates)


def full_at_after(
    jobs: Sequence[Job], admission: Admission, full_at: Mapping[Bucket, datetime], now: datetime
) -> dict[Bucket, datetime]:
    """Return when each bucket that these new jobs are taken from is full again.

    The one instant is all there is to keep of a bucket: the "generic cell rate algorithm" of ITU-T I.371.

    Raises:
        RateLimitedError: there is not enough in one of them now.
        InvalidRequestError: there never is, because these are more than a burst.
    """
    after: dict[Bucket, datetime] = {}
    for bucket, taken in buckets_of(jobs, admission).items():
        rate = admission.rates[bucket[1]]
        if taken > rate.jobs:
            raise _more_than_a_burst(bucket[1], taken, rate)
        full = _full_again(full_at.get(bucket, now), rate, now) + timedelta(seconds=rate.seconds * taken / rate.jobs)
        wait_seconds = (full - now).total_seconds() - rate.seconds
        if wait_seconds > ROUNDING_SECONDS:
            raise RateLimitedError(bucket[1], retry_after_seconds=wait_seconds)
        after[bucket] = full
    return after


def _full_again(kept: datetime, rate: Rate, now: datetime) -> datetime:
    """Return when a bucket is full again by what was kept of it; a time too late for that tells of another clock."""
    latest = now + timedelta(seconds=rate.seconds + MOST_APART_SECONDS)
    return max(now, kept) if kept <= latest else now


def _more_than_a_burst(job_type: str, jobs: int, rate: Rate) -> InvalidRequestError:
    problem = f"are {jobs} {job_type!r} jobs, and at most {rate.jobs} can be submitted at a time: split them up"
    return bad_argument("requests", problem)
