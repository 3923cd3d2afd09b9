"""Stopping a job of a batch, and the vendor that works on it for many rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aijobs_sdk.batch.running.chunk_jobs import CHUNK_TYPE
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus

STOP_TYPE = "ai_generation_batch_stop"


async def stop_job(backend: Backend, job_id: UUID) -> None:
    """Ask a job of a batch to stop and, where it is a chunk that its vendor may have, the vendor as well."""
    job = await backend.cancel(job_id)
    is_over = job.is_final and not job.cancelled()
    if job.type == CHUNK_TYPE and job.started_at is not None and not is_over:
        await backend.submit([stop_request(job)])


def stop_request(job: Job) -> JobRequest:
    """Return the request that has the vendor of a cancelled job stop."""
    items: Any = job.payload["items"]
    asked = items[0]["payload"]
    # One that waits for its vendor counts as not begun.
    attempts = job.attempts + (job.status is not JobStatus.PROCESSING)
    payload = {
        "job_id": str(job.id),
        "model": asked["model"],
        "provider": asked.get("provider"),
        "attempts": attempts,
        "size": len(items),
        "begun_at": (job.started_at or job.created_at).isoformat(),
    }
    return JobRequest(type=STOP_TYPE, payload=payload, idempotency_key=f"stop/{job.id}/{attempts}")
