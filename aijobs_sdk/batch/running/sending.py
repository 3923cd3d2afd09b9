"""One job of a row: submitted under a name by which it is found again, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from aijobs_sdk.batch.running.budget import as_priced, most_of
from aijobs_sdk.batch.running.chunk_jobs import JOB_TYPE
from aijobs_sdk.batch.running.course import Course
from aijobs_sdk.batch.running.together import Together
from aijobs_sdk.batch.running.work import Work
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import IdempotencyConflictError
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.model import unchecked

_job_request = unchecked(JobRequest)  # the payload is checked by the type


class Sender:
    """Sends the rows of one batch to a backend.

    Args:
        backend: where the jobs go.
        batch_id: names the batch in the idempotency keys of its jobs.
        is_named: whether there is a journal: then the jobs name the batch themselves, too.
        row_timeout: seconds that all jobs of one row may take together; None: as long as jobs may.
    """

    def __init__(self, backend: Backend, batch_id: UUID, *, is_named: bool, row_timeout: float | None) -> None:
        self.backend = backend
        self.batch_id = batch_id
        self.is_named = is_named
        self.row_timeout = row_timeout
        self._submits = Together(backend.submit)
        self._estimates = Together(backend.estimate)

    async def rooms(self) -> Mapping[str, int]:
        """Return how many calls each model was found to take at a time, of those that were asked before."""
        return {pace.model: pace.window for pace in (await self.backend.health()).paces}

    async def most(self, payload: Mapping[str, Any]) -> Decimal:
        """Return the most that a request may cost."""
        estimate = await self._estimates.ask(_job_request(type=JOB_TYPE, payload=as_priced(payload)))
        return most_of(estimate, payload)

    async def send(self, course: Course, step: str, key: str, payload: Mapping[str, Any]) -> None:
        """Submit a step of a row; its course says which job that is.

        Raises:
            InvalidRequestError: it is refused for what it is.
            AdmissionError: the tenant has too many jobs now.
        """
        while course.job_id is None:
            request = self._request(course.work(key, step), payload)
            try:
                await self._submits.ask(request, heard=course.sent)
            except IdempotencyConflictError as conflict:
                if (job := await self.unless_failed(conflict)) is None:
                    course.again()
                else:
                    course.sent(job)

    async def unless_failed(self, conflict: IdempotencyConflictError) -> Job | None:
        """Return the job that an earlier run has sent for another budget; None where it failed there."""
        job = await self.backend.get(conflict.job_id)
        return None if job.status is JobStatus.FAILED else job

    async def over(self, course: Course) -> Job:
        """Return the job that is under way once it is over; one that takes too long is cancelled, and has failed."""
        assert course.job_id is not None  # noqa: S101 - it was sent
        try:
            async with asyncio.timeout(self._seconds_left(course)):
                return await self.backend.ended(course.job_id)
        except TimeoutError:
            await self.stop(course)
            job = await self.backend.ended(course.job_id)
            return job if job.result is not None else too_slow(job, self.row_timeout or 0.0)

    def _seconds_left(self, course: Course) -> float | None:
        return None if self.row_timeout is None else self.row_timeout - course.seconds_taken

    async def stop(self, course: Course) -> None:
        """Ask the job that the row is under way in, if it is, to stop, and a vendor that has it as well."""
        if course.job_id is not None:
            await self.backend.cancel(course.job_id)

    def _request(self, work: Work, payload: Mapping[str, Any]) -> JobRequest:
        return _job_request(
            type=JOB_TYPE,
            payload=payload,
            batch_id=self.batch_id if self.is_named else None,
            idempotency_key=work.idempotency_key(self.batch_id),
            draw_key=work.name,
        )


def as_sent(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is submitted for what was asked: nobody watches it being written, and what came is kept."""
    unfit = {"keep_unfit": True} if "output_schema" in payload else {}
    return {"stream": False, **payload, **unfit}


def checked(payload: Mapping[str, Any]) -> JobRequest:
    """Return a request to be checked or priced, and not to be stored."""
    return _job_request(type=JOB_TYPE, payload=as_sent(payload))


def too_slow(job: Job, seconds: float) -> Job:
    """Return a job that was cancelled for its time as what it is: the failure of its row."""
    error = ErrorInfo(
        code="row_timeout",
        category=ErrorCategory.TIMEOUT,
        message=f"The row took longer than the {seconds:g} s that `row_timeout` allows.",
        attempt=job.attempts or None,
    )
    return job.replace(error=error)
