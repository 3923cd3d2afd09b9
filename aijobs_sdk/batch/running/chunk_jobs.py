"""A job of many rows, seen as one job a row: nobody else need know that they were asked for together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from aijobs_sdk.batch.running.work import Work, read_work
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.job import Job, JobStatus

JOB_TYPE = "ai_generation"
CHUNK_TYPE = "ai_generation_batch"
TRIES = 3
"""How often a row is asked that its vendor did not get to, or had trouble with, as of a job by itself."""


def unpacked(job: Job) -> Iterator[Job]:
    """Yield a job for each row of a chunk, under the key that names its work; any other job is its own."""
    if job.type != CHUNK_TYPE:
        yield job
        return
    for item in cast("list[Mapping[str, Any]]", job.payload["items"]):
        yield job.replace(
            type=JOB_TYPE,
            payload=item["payload"],
            idempotency_key=item["key"],
            attempts=item.get("attempt", 1),
            max_attempts=TRIES,
            **_end(job, item["key"]),
        )


def part_of(job: Job, work: Work) -> Job:
    """Return what a job says of one row, whether that was sent by itself or with others."""
    return next((one for one in unpacked(job) if read_work(one.idempotency_key) == work), job)


def has_tries_left(job: Job) -> bool:
    """Return whether a job's failure may pass, and its row was not asked so often yet."""
    return job.error is not None and job.error.retryable and job.attempts < job.max_attempts


def _end(job: Job, key: str) -> Mapping[str, object]:
    """Return what became of a row: with the others, unless its own answer or error says more."""
    if job.result is None:
        return {}
    results, errors = (cast("Mapping[str, Any]", job.result[which]) for which in ("results", "errors"))
    if key in results:
        return {"result": results[key]}
    return {"status": JobStatus.FAILED, "result": None, "error": ErrorInfo.model_validate(errors[key])}
