"""Records of jobs that are over, kept so that nobody has to ask for them: they never change."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from aijobs_sdk.contract.job import Job

MOST_JOBS = 5_000
MOST_BYTES = 32 * 2**20


class KeptJobs:
    """The last of them that came, as many as there is room for."""

    def __init__(self, *, most_jobs: int = MOST_JOBS, most_bytes: int = MOST_BYTES) -> None:
        self._most_jobs = most_jobs
        self._most_bytes = most_bytes
        self._kept: OrderedDict[UUID, tuple[Job, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, job: Job, size: int) -> None:
        """Keep a record, whose JSON is of this size, if the job is over."""
        if not job.is_final or size > self._most_bytes:
            return
        self._drop(job.id)
        self._kept[job.id] = (job, size)
        self._bytes += size
        while len(self._kept) > self._most_jobs or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def get(self, job_id: UUID) -> Job | None:
        """Return the record of a job that is known to be over."""
        found = self._kept.get(job_id)
        if found is None:
            return None
        self._kept.move_to_end(job_id)
        return found[0]

    def _drop(self, job_id: UUID) -> None:
        _, size = self._kept.pop(job_id, (None, 0))
        self._bytes -= size
