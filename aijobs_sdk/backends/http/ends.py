"""Waiting for the ends of jobs, with as few questions as may be."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import aclosing
from uuid import UUID

from aijobs_sdk.backends.http.lookups import Lookups
from aijobs_sdk.backends.http.watch import Watch
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job

MOST_JOBS = 10_000
"""Jobs not seen to end of which is known how far their logs were read."""


class Ends:
    """Who waits for jobs to be over, of one loop."""

    def __init__(self, lookups: Lookups, watch: Watch) -> None:
        self._lookups = lookups
        self._watch = watch
        self._seen: OrderedDict[UUID, int] = OrderedDict()
        """How far the log of a job was read; 0 for one that was only just submitted, and alone."""

    def expect(self, job: Job) -> None:
        """Note that this job was submitted alone: to follow it from its first event says as much as to ask for it."""
        if not job.is_final:  # its idempotency key has found one that ended long ago
            self._note(job.id, 0)

    async def of(self, job_id: UUID, told: Callable[[JobEvent], object] | None) -> Job:
        """Return the job once it is over; its events are told as they come, where somebody is to be told.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        seen = self._seen.get(job_id)
        if seen != 0 and (job := await self._lookups.get(job_id)).is_final:  # one answer may tell of several
            self._seen.pop(job_id, None)
            return job
        async with aclosing(self._watch.follow(job_id, seen or 0, wants_log=told is not None)) as events:
            async for event in events:
                self._note(job_id, event.seq)
                if told is not None:
                    told(event)
        self._seen.pop(job_id, None)
        return await self._lookups.get(job_id)

    def _note(self, job_id: UUID, seq: int) -> None:
        self._seen[job_id] = seq
        if len(self._seen) > MOST_JOBS:
            self._seen.popitem(last=False)
