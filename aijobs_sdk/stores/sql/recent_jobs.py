"""Jobs that this process wrote lately, as it left them: whoever asks for one need not wait for the database.

A finished job never changes. Of the others this is what is true here; once another process has written, they are
forgotten, and read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, TextDelta
from aijobs_sdk.engine.lifecycle import JobRecord

MOST_JOBS = 20_000
MOST_CHARS = 16_000_000
"""Of texts in payloads, results and logs."""


@dataclass(slots=True, eq=False)
class RecentJob:
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
        recent = self._drop(record.job.id) or RecentJob(record, [], _chars_in(record.job.payload))
        recent.record = record
        recent.log += news
        if record.last_seq != len(recent.log):
            return
        recent.chars += sum(len(event.text) for event in news if isinstance(event, TextDelta))
        recent.chars += _chars_in(record.job.result) if record.job.result else 0
        self._jobs[record.job.id] = recent
        self._chars += recent.chars
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


def _chars_in(fields: Mapping[str, object]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))
