"""How a job ended, as it leaves in files and comes back from them: no payload, no prompt, no text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.plain_text import PlainText, is_plain
from aijobs_sdk.contract.records import Credits
from aijobs_sdk.contract.refusal import in_words
from aijobs_sdk.contract.shapes import problems_of
from aijobs_sdk.usage.columns import amount_text


def _in_utc(instant: datetime) -> datetime:
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # what some programs write for an instant that they do not know
        raise ValueError("lies before the year 1 or after 9999 in UTC") from None


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""One that does not say its zone is UTC, as in Parquet."""


LONGEST_NAME = 1000
Name = Annotated[PlainText, Field(max_length=LONGEST_NAME)]


class JobRecord(Fact):
    """How a job ended."""

    job_id: Name = Field(min_length=1)
    tenant_id: Name
    user_id: Name
    type: Name
    status: Literal["completed", "failed", "cancelled"]
    model: Name | None = None
    """The one that answered; of a job that none answered, the one that was asked for."""
    provider: Name | None = None
    attempts: int = Field(ge=0, lt=2**31)
    credits_used: Credits | None = None
    """As its result says; None: the job did not complete, or is of a type that costs nothing."""
    estimated_credits: Credits | None = None
    error_code: Name | None = None
    error_category: Name | None = None
    created_at: Instant
    started_at: Instant | None = None
    completed_at: Instant | None = None

    @property
    def texts(self) -> tuple[str | None, ...]:
        """The values under JOB_COLUMNS as text: amounts with six places, instants in UTC."""
        return tuple(None if value is None else _text(value) for value in self.__dict__.values())


JOB_COLUMNS = tuple(JobRecord.model_fields)
"""What a file of jobs holds, in this order."""


def job_record(job: Job) -> JobRecord | None:
    """Return how `job` ended; None: it has not.

    Raises:
        InvalidRequestError: its result or payload says an amount that is none.
    """
    if not job.is_final:
        return None
    result = job.result or {}
    error = job.error
    try:
        return JobRecord(
            job_id=str(job.id),
            tenant_id=str(job.tenant_id),
            user_id=str(job.user_id),
            type=job.type,
            status=_ending(job),
            model=_name(result.get("model")) or _name(job.payload.get("model")),
            provider=_name(result.get("provider")) or (None if error is None else error.provider),
            attempts=job.attempts,
            credits_used=_amount(result.get("credits_used")),
            estimated_credits=_amount(job.payload.get("estimated_credits")),
            error_code=None if error is None else error.code,
            error_category=None if error is None else error.category,
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
        )
    except ValidationError as found:
        problems = problems_of(found, known=JOB_COLUMNS)
        told = in_words(problems, between="; ")
        raise InvalidRequestError(f"Job {job.id} cannot be noted: {told}.", fields=problems) from None


def _ending(job: Job) -> Literal["completed", "failed", "cancelled"]:
    if job.status is JobStatus.COMPLETED:
        return "completed"
    return "cancelled" if job.cancelled() else "failed"


def _name(value: object) -> str | None:
    """Return a name; a type of a user's own may call something else so, such as all that a model consists of."""
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME and is_plain(value) else None


def _amount(value: object) -> object:
    """Return an amount for pydantic to judge; a JSON number as it was written, not as the float it became."""
    return repr(value) if isinstance(value, float) else value


def _text(value: object) -> str:
    match value:
        case Decimal():
            return amount_text(value)
        case datetime():
            return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case _:
            return str(value)
