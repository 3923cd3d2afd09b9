"""Chunks of rows, sent to a backend, waited for, and stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from aijobs_sdk.batch.economy.chunks import Chunk
from aijobs_sdk.batch.running.budget import most_of
from aijobs_sdk.batch.running.chunk_jobs import CHUNK_TYPE
from aijobs_sdk.batch.running.course import Course
from aijobs_sdk.batch.running.sending import Sender, as_sent
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import IdempotencyConflictError, InvalidRequestError
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus

STOP_TYPE = "ai_generation_batch_stop"
PRICED_AT_ONCE = 100


class ChunkSender(Sender):
    """Sends the rows of one batch as chunks."""

    @classmethod
    def of(cls, sender: Sender) -> Self:
        """Return what sends the same batch so."""
        return cls(sender.backend, sender.batch_id, is_named=sender.is_named, row_timeout=sender.row_timeout)

    async def mosts(self, payloads: Sequence[Mapping[str, Any]]) -> list[Decimal]:
        """Return the most that each of these may cost."""
        found: list[Decimal] = []
        for start in range(0, len(payloads), PRICED_AT_ONCE):
            some = payloads[start : start + PRICED_AT_ONCE]
            estimates = await self.backend.estimate([_alone(payload) for payload in some])
            found += [most_of(one, payload) for one, payload in zip(estimates, some, strict=True)]
        return found

    async def send_chunk(self, chunk: Chunk) -> None:
        """Submit a chunk; the courses of its rows say which job that is.

        Raises:
            InvalidRequestError: it is refused for what one of its rows is.
            AdmissionError: the tenant has too many jobs now.
        """
        try:
            [job] = await self.backend.submit([self._request_for(chunk)])
        except IdempotencyConflictError:  # it was sent by an earlier run, for another budget, and failed there
            for part in chunk.parts:
                part.course.again()
                part.work = part.work._replace(retry=part.course.retry)
            [job] = await self.backend.submit([self._request_for(chunk)])
        for part in chunk.parts:
            part.course.job_id = job.id
            part.payload = {}  # of no more use, and it may be large

    async def refusals(self, chunk: Chunk) -> Mapping[int, InvalidRequestError]:
        """Return which rows of a chunk cannot be sent, by place, and why."""
        found: dict[int, InvalidRequestError] = {}
        for start in range(0, len(chunk.parts), PRICED_AT_ONCE):
            some = [_alone(part.payload) for part in chunk.parts[start : start + PRICED_AT_ONCE]]
            refused = await self.backend.refusals(some)
            found |= {start + place: error for place, error in refused.items()}
        return found

    async def stop(self, course: Course) -> None:
        """Ask the job that a row is under way in, if it is, to stop, and its vendor as well."""
        if course.job_id is not None:
            await stop_job(self.backend, course.job_id)

    def _request_for(self, chunk: Chunk) -> JobRequest:
        return JobRequest(
            type=CHUNK_TYPE,
            payload={"items": [part.item(self.batch_id) for part in chunk.parts]},
            batch_id=self.batch_id if self.is_named else None,
            idempotency_key=f"batch/{self.batch_id}/{chunk.name}",
            draw_key=chunk.name,
        )


async def stop_job(backend: Backend, job_id: UUID) -> None:
    """Ask a job of a batch to stop and, where it is a chunk that its vendor may have, the vendor as well."""
    job = await backend.cancel(job_id)
    is_over = job.is_final and not job.cancelled()
    if job.type == CHUNK_TYPE and job.started_at is not None and not is_over:
        await backend.submit([stop_request(job)])


def checked_for_economy(payload: Mapping[str, Any]) -> JobRequest:
    """Return a request to be checked or priced as a row of a chunk, and not to be stored."""
    return _alone(as_sent(payload))


def _alone(payload: Mapping[str, Any]) -> JobRequest:
    return JobRequest(type=CHUNK_TYPE, payload={"items": [{"key": "alone", "payload": payload}]})


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
