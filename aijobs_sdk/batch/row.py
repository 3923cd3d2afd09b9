"""One row of a batch, with what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.results import GenerationResult

OUTPUT_COLUMNS = (
    "index",
    "status",
    "content",
    "error",
    "model",
    "input_tokens",
    "output_tokens",
    "credits",
    "attempts",
)
"""What a batch adds to the input's columns, in this order."""


class BatchRow(Fact):
    """An input row and its outcome."""

    index: int
    """The row's place in the input, from 0."""
    inputs: Mapping[str, object]
    status: JobStatus
    content: str | None = None
    error: ErrorInfo | None = None
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    credits: Decimal | None = None
    """As billed; None for a row that failed."""
    attempts: int = 0
    job_id: UUID | None = None
    """None for a row that was refused before it became a job, as the two instants."""
    submitted_at: datetime | None = None
    completed_at: datetime | None = None

    def record(self) -> dict[str, object]:
        """Return the row as columns: the input's, then ours; an input column of the same name becomes `input_…`."""
        inputs = {_free_name(name, self.inputs): value for name, value in self.inputs.items()}
        return inputs | {name: getattr(self, name) for name in OUTPUT_COLUMNS}


def finished_row(index: int, inputs: Mapping[str, object], model: str, job: Job) -> BatchRow:
    """Return the row of a job that is over."""
    row = BatchRow(
        index=index,
        inputs=inputs,
        status=job.status,
        error=job.error,
        model=model,
        attempts=job.attempts,
        job_id=job.id,
        submitted_at=job.created_at,
        completed_at=job.completed_at,
    )
    if job.result is None:
        return row
    result = GenerationResult.model_validate(job.result)
    return row.model_copy(
        update={
            "content": result.content,
            "model": result.model,
            "input_tokens": result.input_tokens,
            "output_tokens": result.output_tokens,
            "credits": result.credits_used,
        }
    )


def refused_row(index: int, inputs: Mapping[str, object], model: str, error: InvalidRequestError) -> BatchRow:
    """Return a row that never became a job."""
    info = ErrorInfo(code=error.code, category=ErrorCategory.VALIDATION, message=error.message)
    return BatchRow(index=index, inputs=inputs, status=JobStatus.FAILED, error=info, model=model)


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    if name not in OUTPUT_COLUMNS:
        return name
    name = f"input_{name}"
    while name in taken:
        name = f"input_{name}"
    return name
