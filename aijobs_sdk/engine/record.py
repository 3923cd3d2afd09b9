"""What is kept of a job between two steps, and what one step makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, JobState
from aijobs_sdk.contract.records import DeadLetter
from aijobs_sdk.contract.store import Claim, Lease
from aijobs_sdk.engine.transitions import CLAIMABLE


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

    @property
    def ends_by(self) -> datetime | None:
        """When the attempt is taken from its worker, as things stand; None for a job that does not run."""
        if self.state is not JobState.RUNNING or self.lease_until is None or self.overdue_at is None:
            return None
        return min(self.lease_until, self.overdue_at)

    def expired(self, now: datetime) -> bool:
        """Return True for a running job whose worker was not heard of in time, or whose attempt is stuck."""
        return has_passed(self.ends_by, now)

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


def has_passed(instant: datetime | None, now: datetime) -> bool:
    """Return whether it is this late; what has no end never is."""
    return instant is not None and instant <= now
