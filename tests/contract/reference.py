"""What a store should say, in the fewest words: one dictionary, without logs, rows or queues."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal, assert_never
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import AdmissionError, RateLimitedError, TooManyJobsError
from aijobs_sdk.contract.job import Job, JobStatus, Rate
from aijobs_sdk.contract.records import Document, UsageRow
from aijobs_sdk.contract.store import Accepts, Admission, Cancelled, Done, Fail, Lease, Outcome, Release, Retry

LEASE_SECONDS, HARD_LIMIT_SECONDS = 30, 60
DAY = timedelta(hours=24)
NEVER = datetime.max.replace(tzinfo=UTC)
STATUS = {
    "waiting": JobStatus.PENDING,
    "running": JobStatus.PROCESSING,
    "completed": JobStatus.COMPLETED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.FAILED,
}


@dataclass
class Expected:
    """One job."""

    job: Job
    fingerprint: str
    due_at: datetime
    stands: Literal["waiting", "running", "completed", "failed", "cancelled"] = "waiting"
    attempts: int = 0
    fence: int = 0
    lease_until: datetime = NEVER
    overdue_at: datetime = NEVER
    to_be_cancelled: bool = False
    ended_by: Outcome | None = None
    """What a worker said at the end of the last attempt."""
    ended_at: datetime | None = None

    @property
    def seen(self) -> tuple[UUID, JobStatus, int, bool]:
        """What of it shows in a list of jobs."""
        return (self.job.id, STATUS[self.stands], self.attempts, self.stands == "cancelled")

    def key_counts(self, now: datetime) -> bool:
        return self.job.idempotency_key is not None and (self.ended_at is None or now < self.ended_at + DAY)

    def start(self, now: datetime) -> None:
        self.stands, self.attempts, self.fence = "running", self.attempts + 1, self.fence + 1
        self.lease_until = now + timedelta(seconds=LEASE_SECONDS)
        self.overdue_at = now + timedelta(seconds=HARD_LIMIT_SECONDS)

    def keep(self, now: datetime) -> None:
        """Note a heartbeat; the time in which none came does not count towards the hard limit."""
        self.overdue_at += max(timedelta(0), now - self.lease_until)
        self.lease_until = now + timedelta(seconds=LEASE_SECONDS)

    def is_lost(self, now: datetime) -> bool:
        return self.stands == "running" and min(self.lease_until, self.overdue_at) <= now

    def is_stuck(self, now: datetime) -> bool:
        """Whether the attempt is past its hard limit, and its worker was heard of until then."""
        return self.overdue_at <= now and self.overdue_at < self.lease_until


@dataclass
class Letter:
    """One dead letter."""

    tenant_id: UUID
    failed_at: datetime
    replayed_as: UUID | None = None


@dataclass
class Tokens:
    """How many jobs of a type a tenant may submit at once, at some instant."""

    left: Fraction
    at: datetime

    def now(self, rate: Rate, now: datetime) -> Fraction:
        more = Fraction(rate.jobs) * Fraction((now - self.at) / timedelta(microseconds=1)) / 1_000_000
        return min(Fraction(rate.jobs), self.left + more / Fraction(rate.seconds))


@dataclass
class Reference:
    """The model: jobs from the oldest to the newest, and what they left behind."""

    jobs: dict[UUID, Expected] = field(default_factory=dict)
    tokens: dict[tuple[UUID, str], Tokens] = field(default_factory=dict)
    letters: dict[UUID, Letter] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    usage: list[UsageRow] = field(default_factory=list)

    def holder(self, job: Job, now: datetime) -> Expected | None:
        """Return the job that this one's key finds."""
        same_key = (
            one
            for one in reversed(self.jobs.values())
            if (one.job.tenant_id, one.job.idempotency_key) == (job.tenant_id, job.idempotency_key)
        )
        return next((one for one in same_key if one.key_counts(now)), None)

    def refusal(self, job: Job, admission: Admission, now: datetime) -> type[AdmissionError] | None:
        """Return why a new job is not let in; one that is spends what it may."""
        active = sum(one.ended_at is None for one in self.jobs.values() if one.job.tenant_id == job.tenant_id)
        if admission.max_active_jobs is not None and active >= admission.max_active_jobs:
            return TooManyJobsError
        if (rate := admission.rates.get(job.type)) is None:
            return None
        bucket = job.tenant_id, job.type
        left = self.tokens.get(bucket, Tokens(Fraction(rate.jobs), now)).now(rate, now)
        if left < 1:
            return RateLimitedError
        self.tokens[bucket] = Tokens(left - 1, now)
        return None

    def submit(self, one: Expected) -> None:
        self.jobs[one.job.id] = one
        letter = self.letters.get(one.job.replay_of or one.job.id)
        if letter is not None and letter.tenant_id == one.job.tenant_id:
            letter.replayed_as = one.job.id

    def take(self, new: Sequence[Expected], types: Collection[str], limit: int, now: datetime) -> list[Expected]:
        """Let a worker begin with the first of these new jobs."""
        due = [one for one in new if one.job.type in types and one.due_at <= now]
        taken = sorted(due, key=lambda one: one.job.priority.rank)[:limit]
        for one in taken:
            one.start(now)
        return taken

    def claim(self, limit: int, accepts: Accepts, now: datetime) -> list[Expected]:
        due = [one for one in self.jobs.values() if one.stands == "waiting" and one.due_at <= now]
        claimed: list[Expected] = []
        for one in sorted(due, key=lambda one: one.job.priority.rank):
            if len(claimed) < limit and self._may_start(one.job.type, accepts):
                one.start(now)
                claimed.append(one)
        return claimed

    def _may_start(self, job_type: str, accepts: Accepts) -> bool:
        running = sum(one.stands == "running" for one in self.jobs.values() if one.job.type == job_type)
        return job_type in accepts and running < (accepts[job_type] or running + 1)

    def held(self, lease: Lease) -> Expected | None:
        """Return the job that this lease may write to."""
        one = self.jobs.get(lease.job_id)
        return one if one is not None and one.stands == "running" and one.fence == lease.fence else None

    def said_before(self, lease: Lease, outcome: Outcome) -> Expected | None:
        """Return the job whose attempt ended in this way, so that saying it again does no harm."""
        one = self.jobs.get(lease.job_id)
        if one is None or one.stands == "running" or one.fence != lease.fence:
            return None
        alike = {"completed": Done, "cancelled": Cancelled}.get(one.stands)
        stopped = one.stands == "cancelled" and one.to_be_cancelled and isinstance(outcome, Retry | Release)
        released = one.stands == "waiting" and isinstance(one.ended_by, Release) and isinstance(outcome, Release)
        again = outcome == one.ended_by and not isinstance(outcome, Release)
        return one if again or stopped or released or (alike is not None and isinstance(outcome, alike)) else None

    def finish(self, one: Expected, outcome: Outcome, now: datetime) -> None:
        one.ended_by = outcome
        match outcome:
            case Done():
                self._end(one, "completed", now)
                self.documents += outcome.effects.documents
                self.usage += outcome.effects.usage
            case Cancelled():
                self._end(one, "cancelled", now)
            case Fail():
                self._fail(one, now)
            case Retry() | Release() if one.to_be_cancelled:
                self._end(one, "cancelled", now)
            case Retry() if one.attempts >= one.job.max_attempts:
                self._fail(one, now)
            case Retry() | Release():
                one.stands, one.due_at = "waiting", now + timedelta(seconds=outcome.delay_seconds)
                one.attempts -= isinstance(outcome, Release)
            case _:
                assert_never(outcome)

    def reap(self, now: datetime) -> set[UUID]:
        lost = [one for one in self.jobs.values() if one.is_lost(now)]
        for one in lost:
            self.finish(one, Fail(_NOBODYS) if one.is_stuck(now) else Retry(_NOBODYS, 0), now)
            one.ended_by = None
        return {one.job.id for one in lost}

    def cancel(self, one: Expected, now: datetime) -> None:
        if one.stands == "running":
            one.to_be_cancelled = True
        if one.stands == "waiting":
            self._end(one, "cancelled", now)

    def purge_jobs(self, before: datetime, now: datetime) -> int:
        old = [
            job_id
            for job_id, one in self.jobs.items()
            if one.ended_at is not None and one.ended_at < before and not one.key_counts(now)
        ]
        for job_id in old:
            del self.jobs[job_id]
        return len(old)

    def purge_letters(self, tenant_id: UUID, before: datetime) -> int:
        old = [
            job_id
            for job_id, letter in self.letters.items()
            if letter.tenant_id == tenant_id and letter.failed_at < before
        ]
        for job_id in old:
            del self.letters[job_id]
        return len(old)

    def jobs_of(self, tenant_id: UUID) -> Sequence[Expected]:
        """Return a tenant's jobs, newest first."""
        return [one for one in reversed(self.jobs.values()) if one.job.tenant_id == tenant_id]

    def _fail(self, one: Expected, now: datetime) -> None:
        self._end(one, "failed", now)
        self.letters[one.job.id] = Letter(one.job.tenant_id, now)

    def _end(self, one: Expected, stands: Literal["completed", "failed", "cancelled"], now: datetime) -> None:
        one.stands, one.ended_at = stands, now


_NOBODYS = ErrorInfo.model_validate({"code": "reaped", "category": "internal", "message": "The reaper's own."})
