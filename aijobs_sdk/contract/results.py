"""What a completed job hands back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue


class JobResult(BaseModel):
    """A job type's own result, its fields as attributes.

    Unlike the other facts it keeps fields it does not know: a result outlives the version that wrote it.
    """

    model_config = ConfigDict(frozen=True, extra="allow")


class GenerationResult(JobResult):
    """The result of `ai_generation`."""

    document_id: UUID
    title: str
    content: str
    """Sanitised Markdown."""
    input_tokens: int
    """As the provider counted them."""
    output_tokens: int
    model: str
    provider: str
    finish_reason: str
    """`stop`, or `length` for an answer that was cut off."""
    credits_used: Decimal
    """What the user was quoted: the payload's `estimated_credits`."""
    metered_credits: Decimal
    """What the provider's own token counts cost by the price list."""


_RESULT_OF: Mapping[str, type[JobResult]] = {"ai_generation": GenerationResult}


def read_result(job_type: str, data: Mapping[str, JsonValue]) -> JobResult:
    """Return the stored result of a job as its type's result class."""
    return _RESULT_OF.get(job_type, JobResult).model_validate(data)
