"""Asks the records of jobs where a stream said nothing: they know whether a job is over."""

from __future__ import annotations

import asyncio
from typing import TypeAlias
from uuid import UUID

from aijobs_sdk.backends.http.calls import Calls
from aijobs_sdk.backends.http.log_reader import LogReader
from aijobs_sdk.backends.http.lookups import Lookups
from aijobs_sdk.backends.http.readers import Readers
from aijobs_sdk.backends.http.refusal import NoServerOfOursError, NoSuchRouteError
from aijobs_sdk.contract.errors import (
    AdmissionError,
    AIJobsError,
    JobNotFoundError,
    ServerUnavailableError,
    StoreUnavailableError,
)
from aijobs_sdk.contract.job import Job

Known: TypeAlias = dict[UUID, Job]
"""How jobs stood when they were looked at last."""

PASSING = (ServerUnavailableError, StoreUnavailableError, AdmissionError)
"""What ends no reading: the server will be asked again."""


class Authority:
    """Looks at jobs, and reads their logs where a look says that there is more."""

    def __init__(self, calls: Calls, lookups: Lookups, logs: LogReader) -> None:
        self._calls = calls
        self._lookups = lookups
        self._logs = logs

    def note_stream(self) -> None:
        """Note that a stream has been opened there, which is an answer as well."""
        self._calls.was_answered = True

    async def look_at(self, readers: Readers, known: Known | None) -> bool:
        """Bring those who read up to date, and return whether there was news.

        With `known`, the logs of jobs that changed since are read, and it is brought up to date, too; without, only
        those of jobs that are over: a stream brings the rest.

        Raises:
            AIJobsError: the server lets nobody look at these jobs, or is none of this API.
        """
        try:
            jobs = await self._lookups.get_many(list(readers.positions()))
        except PASSING as error:
            if isinstance(error, NoServerOfOursError) and not self._calls.was_answered:
                raise
            return False
        results = await asyncio.gather(
            *(self._catch_up(job_id, jobs.get(job_id), readers, known) for job_id in readers.positions()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return any(results)

    async def _catch_up(
        self, job_id: UUID, job: Job | AIJobsError | None, readers: Readers, known: Known | None
    ) -> bool:
        if not isinstance(job, Job):
            readers.fail(job_id, job or JobNotFoundError(job_id))
            return True
        if not job.is_final and (known is None or known.get(job_id) == job):
            return False
        if known is not None:
            known[job_id] = job
        if job.is_final and not readers.want_log(job_id):  # which may be kept back, as streams are
            readers.end(job_id)
            return True
        return await self._read(job, readers)

    async def _read(self, job: Job, readers: Readers) -> bool:
        after = readers.positions().get(job.id)
        if after is None:  # whoever followed it has left
            return False
        try:
            events = await self._logs.read(job.id, after=after)
        except NoSuchRouteError:
            events = ()
        except PASSING as error:
            if not (job.is_final and isinstance(error, ServerUnavailableError)):
                return False
            readers.fail(job.id, _log_kept_back(job, error))
            return True
        for event in events:
            readers.announce_gap(job.id)  # what is not in a whole answer is gone
            readers.take(event)
        if job.is_final and not events:
            readers.end(job.id)
        return True


def _log_kept_back(job: Job, error: ServerUnavailableError) -> ServerUnavailableError:
    """Return why a log is read no further of a job whose record can be read."""
    return ServerUnavailableError(
        f"Job {job.id} is over, but its events do not get through: something on the way may keep event streams "
        f"(text/event-stream) back. `wait()` and `result()` need none. ({error.message})"
    )
