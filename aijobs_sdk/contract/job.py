"""The job: what was asked, where it stands, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo, shown_error
from aijobs_sdk.contract.given import Given
from aijobs_sdk.contract.model import Fact, StoredJson
from aijobs_sdk.contract.plain_text import PlainText
from aijobs_sdk.contract.showing import folded, heading, instant_text, known_facts
from aijobs_sdk.contract.word import Word
from aijobs_sdk.markup import markup

DEFAULT_MAX_ATTEMPTS = 3


class JobStatus(Word):
    """Where a job stands, for everybody. Exactly four; a cancelled job reads as FAILED."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(value.lower()) if isinstance(value, str) and value != value.lower() else None

    is_final: bool
    """Whether a job with this status never moves again."""


for _status in JobStatus:
    _status.is_final = _status in {JobStatus.COMPLETED, JobStatus.FAILED}  # an attribute, because it is asked so often


class JobState(Word):
    """Where a job stands, for the engine. Each state projects onto one public status."""

    SCHEDULED = "scheduled"
    READY = "ready"
    RETRY_WAIT = "retry_wait"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    status: JobStatus
    """The public status this state reads as."""
    is_final: bool
    """Whether a job in this state never moves again."""


_STATUS_OF = {
    JobState.SCHEDULED: JobStatus.PENDING,
    JobState.READY: JobStatus.PENDING,
    JobState.RETRY_WAIT: JobStatus.PENDING,
    JobState.RUNNING: JobStatus.PROCESSING,
    JobState.COMPLETED: JobStatus.COMPLETED,
    JobState.FAILED: JobStatus.FAILED,
    JobState.CANCELLED: JobStatus.FAILED,
}
for _state, _status in _STATUS_OF.items():
    _state.status, _state.is_final = _status, _status.is_final


class Priority(Word):
    """Which of two ready jobs starts first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(value.lower()) if isinstance(value, str) and value != value.lower() else None

    rank: int
    """0 for what starts first."""


for _rank, _priority in enumerate(Priority):
    _priority.rank = _rank


class Rate(Given):
    """How fast jobs may be submitted: `jobs` in a burst, and as many again in each `seconds`, evenly."""

    jobs: int = Field(ge=1)
    seconds: float = Field(gt=0, le=1e9)
    """Some thirty years at most: that is still within the calendar."""


class Caller(Fact):
    """On whose behalf something is asked."""

    tenant_id: UUID
    user_id: UUID


class Job(Fact):
    """One job as everybody sees it: a snapshot, true at the moment it was read."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    type: str
    status: JobStatus
    priority: Priority
    payload: Mapping[str, StoredJson] = Field(repr=False)
    """What was asked; not in a `repr`, nor what it came to: a log that tells of a job tells no prompt."""
    progress: int = Field(default=0, ge=0, le=100)
    message: str = ""
    attempts: int = 0
    """Attempts begun so far, counted when a worker claims the job."""
    max_attempts: int = Field(default=DEFAULT_MAX_ATTEMPTS, ge=1)
    result: Mapping[str, StoredJson] | None = Field(default=None, repr=False)
    error: ErrorInfo | None = None
    idempotency_key: str | None = None
    task_id: str | None = None
    """The executor's own id for the attempt that runs now or ran last."""
    worker_id: str | None = None
    replay_of: UUID | None = None
    """The failed job that this one repeats."""
    batch_id: UUID | None = None
    """The batch that one of its rows is."""
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Whether the job is over, one way or another."""
        return self.status.is_final

    @property
    def document_id(self) -> UUID | None:
        """The document that the job works on: what its payload names so, where it names one."""
        named = self.payload.get("document_id")
        try:
            return UUID(named) if isinstance(named, str) else None
        except ValueError:  # of a job type of a user's own, to whom the name means something else
            return None

    def cancelled(self) -> bool:
        """Return True for a job that ended because somebody cancelled it."""
        return self.is_final and self.error is not None and self.error.category is ErrorCategory.CANCELLED

    def _repr_html_(self) -> str:
        is_over = self.is_final
        stands = {
            "progress": f"{self.progress} %",
            "stage": "" if is_over else self.message,
            "attempts": f"{self.attempts} of {self.max_attempts}",
            "created": instant_text(self.created_at),
            "started": self.started_at and instant_text(self.started_at),
            "ended": self.completed_at and instant_text(self.completed_at),
        }
        return markup(
            heading(f"Job {self.id}", self.type, "cancelled" if self.cancelled() else self.status),
            known_facts(stands),
            None if self.error is None else shown_error(self.error),
            folded("payload", self.payload),
            folded("result", self.result or {}),
        )


class JobRequest(Given):
    """What a caller asks for, before anything about it was checked."""

    type: str
    payload: Mapping[str, object] = Field(repr=False)
    user_id: str | UUID | None = None
    """On whose behalf, when that is not the caller."""
    priority: str | None = None
    """The call's own; the job type's, then the default, where it is None."""
    idempotency_key: str | None = None
    max_attempts: int | None = None
    run_at: AwareDatetime | None = None
    """Not before this instant; None: as soon as a worker is free."""
    replay_of: UUID | None = None
    batch_id: UUID | None = None
    """The batch that this is a row of."""
    draw_key: str | None = None
    """Names this work in every run of the same program: the simulation's draws hang on it, so that ids may be random.

    None: the type and payload stand in, so that equal requests get equal answers.
    """


class NewJob(NamedTuple):
    """A request that passed every check: what a store inserts."""

    job: Job
    fingerprint: str | None
    """Hash of type and payload: tells a repeat under the same idempotency key from a conflict. None without a key."""
    draw_key: str
    run_at: datetime | None = None
    """Not before this instant; None: at once."""


class JobQuery(Fact):
    """Which of a tenant's jobs to list, newest first."""

    status: JobStatus | None = None
    type: PlainText | None = None
    document_id: UUID | None = None
    """Only jobs whose payload names this document."""
    batch_id: UUID | None = None
    """Only jobs of this batch."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Jobs a page."""
    cursor: str | None = None


class JobPage(Fact):
    """Some jobs, newest first, and where the next page starts."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None
    """None on the last page."""


class IdPage(Fact):
    """The ids of some jobs, newest first, and where the next page starts."""

    ids: tuple[UUID, ...]
    next_cursor: str | None = None
    """None on the last page."""
