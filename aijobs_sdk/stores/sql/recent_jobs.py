"""Jobs that this process wrote lately, as it left them: whoever asks for one need not wait for the database.

A finished job never changes. Of the others this is what is true here; once another process has written, they are
forgotten, and read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, TextDelta
from aijobs_sdk.contract.job import Job
from aijobs_sdk.engine.lifecycle import JobRecord

MOST_JOBS = 20_000
MOST_CHARS = 16_000_000
"""Of texts in payloads, results and logs."""


class RecentJob(NamedTuple):
    """A job and its whole log."""

    record: JobRecord
    log: list[JobEvent]
    chars: int


class RecentJobs:
    """As many as there is room for; the one that was written the longest time ago goes first."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, RecentJob] = {}
        self._chars = 0

    def get(self, job_id: UUID) -> RecentJob | None:
        """Return the job, None where it is not at hand."""
        return self._jobs.get(job_id)

    def add(self, record: JobRecord, news: Sequence[JobEvent]) -> None:
        """Keep a job as it now is, if its log is here from the first event on."""
        before = self._drop(record.job.id)
        log = [*before.log, *news] if before is not None else list(news)
        if record.last_seq != len(log):
            return
        chars = _chars(record.job) + sum(len(event.text) for event in log if isinstance(event, TextDelta))
        self._jobs[record.job.id] = RecentJob(record, log, chars)
        self._chars += chars
        while self._chars > MOST_CHARS or len(self._jobs) > MOST_JOBS:
            self._drop(next(iter(self._jobs)))

    def forget_unfinished(self) -> None:
        """Forget what another process may have changed."""
        for job_id in [job_id for job_id, job in self._jobs.items() if not job.record.state.is_final]:
            self._drop(job_id)

    def clear(self) -> None:
        """Forget all."""
        self._jobs.clear()
        self._chars = 0

    def _drop(self, job_id: UUID) -> RecentJob | None:
        dropped = self._jobs.pop(job_id, None)
        if dropped is not None:
            self._chars -= dropped.chars
        return dropped


def _chars(job: Job) -> int:
    return _chars_in(job.payload) + _chars_in(job.result or {})


def _chars_in(fields: Mapping[str, object]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))
