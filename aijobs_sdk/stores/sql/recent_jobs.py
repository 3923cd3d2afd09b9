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

    def take(self, record: JobRecord, news: Sequence[JobEvent]) -> bool:
        """Take in how the job now stands; return whether the log is still whole."""
        self.record = record
        self.log += news
        self.chars += sum(len(event.text) for event in news if isinstance(event, TextDelta))
        if record.job.result:
            self.chars += _chars_in(record.job.result)
        return record.last_seq == len(self.log)


class RecentJobs:
    """As many as there is room for: first go those that ended, then the others, each from the one seen first."""

    def __init__(self) -> None:
        self._unfinished: dict[UUID, RecentJob] = {}
        self._finished: dict[UUID, RecentJob] = {}
        self._chars = 0

    def get(self, job_id: UUID) -> RecentJob | None:
        """Return the job, None where it is not at hand."""
        return self._unfinished.get(job_id) or self._finished.get(job_id)

    def add(self, record: JobRecord, news: Sequence[JobEvent]) -> None:
        """Keep a job as it now is, if its log is here from the first event on."""
        job_id = record.job.id
        recent = self._unfinished.get(job_id) or RecentJob(record, [], _chars_in(record.job.payload))
        chars_before = recent.chars if recent.log else 0
        whole = recent.take(record, news)
        self._chars += recent.chars - chars_before
        if whole and not record.state.is_final:
            self._unfinished[job_id] = recent
            return
        self._unfinished.pop(job_id, None)
        if whole:
            self._finished[job_id] = recent
            self._make_room()
        else:
            self._chars -= recent.chars

    def forget_unfinished(self) -> None:
        """Forget what another process may have changed."""
        self._chars -= sum(job.chars for job in self._unfinished.values())
        self._unfinished.clear()

    def clear(self) -> None:
        """Forget all."""
        self._unfinished.clear()
        self._finished.clear()
        self._chars = 0

    def _make_room(self) -> None:
        while self._chars > MOST_CHARS or len(self._finished) + len(self._unfinished) > MOST_JOBS:
            jobs = self._finished or self._unfinished
            self._chars -= jobs.pop(next(iter(jobs))).chars


def _chars_in(fields: Mapping[str, object]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))
