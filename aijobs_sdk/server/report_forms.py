"""The report builder's own forms: names in camel case, statuses in capitals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.job import Job, JobRequest
from aijobs_sdk.contract.model import Fact

_IN_CAMEL_CASE = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


class BlockTask(StrEnum):
    """What is done with a block."""

    GENERATE = "GENERATE"
    REFINE = "REFINE"
    ANALYZE = "ANALYZE"

    @property
    def job_type(self) -> str:
        """The job type that does it."""
        return f"block_{self.lower()}"


TASKS = {task.job_type: task for task in BlockTask}
"""By the job type that does it."""


class ReportJobIn(Fact):
    """A block to fill, to rewrite or to look at."""

    # Named as they are sent: a name that is not known is met with the nearest of these.
    blockId: UUID  # noqa: N815
    documentId: UUID  # noqa: N815
    type: BlockTask
    prompt: str | None = None
    """What to write, the feedback to REFINE by, or what to look for."""
    propose: bool = False
    """Whether what REFINE writes is a suggestion, and the block stays as it is until that is applied."""

    def request(self, *, key: str | None) -> JobRequest:
        """Return the job that is asked for."""
        payload: dict[str, object] = {"document_id": str(self.documentId), "block_id": str(self.blockId)}
        if self.prompt is not None:
            payload["prompt"] = self.prompt
        if self.propose:
            payload["propose"] = True
        return JobRequest(type=self.type.job_type, payload=payload, idempotency_key=key)


class ReportJobStarted(Fact):
    """A job that was accepted."""

    model_config = _IN_CAMEL_CASE

    job_id: UUID
    status: str


class ReportJobOut(Fact):
    """How a job on a block stands."""

    model_config = _IN_CAMEL_CASE

    id: UUID
    type: BlockTask
    status: str
    """`PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`."""
    result: Mapping[str, JsonValue] | None
    error: ErrorInfo | None
    created_at: datetime
    completed_at: datetime | None
    block_id: UUID
    document_id: UUID


class ReportJobsOut(Fact):
    """Jobs on blocks, newest first."""

    jobs: list[ReportJobOut]


class ReportJobStopped(Fact):
    """Whether a job was asked to stop."""

    success: bool
    message: str


def status_of(job: Job) -> str:
    """Return where the job stands, in capitals."""
    return job.status.value.upper()


def shown(job: Job) -> ReportJobOut:
    """Return how a job on a block stands."""
    return ReportJobOut(
        id=job.id,
        type=TASKS[job.type],
        status=status_of(job),
        result=None if job.result is None else _in_camel_case(job.result),
        error=job.error,
        created_at=job.created_at,
        completed_at=job.completed_at,
        block_id=UUID(str(job.payload["block_id"])),
        document_id=UUID(str(job.payload["document_id"])),
    )


def _in_camel_case(result: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    # The names inside findings are single words, and stay as they are.
    return {to_camel(name): value for name, value in result.items()}
