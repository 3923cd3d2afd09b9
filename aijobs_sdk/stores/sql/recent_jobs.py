"""Jobs that this process wrote lately, as it left them: whoever asks for one need not wait for the database.

A finished job changes no more, but another process may purge it, or delete its batch: it is at hand for an hour. Of the
others this is what is true here; once another process has written, they are forgotten, and read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, TextDelta
from aijobs_sdk.contract.job import Job
from aijobs_sdk.engine.record import JobRecord

T = TypeVar("T")
LONGEST_AT_HAND = timedelta(hours=1)
"""After a job's end; those who purge jobs keep them for longer."""
MOST_JOBS = 20_000
MOST_LOGS = 500
"""Of jobs that ended: who follows one reads its end at once, and what else is kept only slows garbage collection."""
MOST_CHARS = 16_000_000
"""Of texts in payloads, results and logs."""


@dataclass(slots=True, eq=False)
class RecentJob:
    """A job and its whole log."""

    job: Job
    log: list[JobEvent]
    chars: int

    def take(self, record: JobRecord, news: Sequence[JobEvent]) -> bool:
        """Take in how the job now stands; return whether the log is still whole."""
        self.job = record.job
        log = self.log
        for event in news:
            log.append(event)
            if type(event) is TextDelta:
                self.chars += len(event.text)
        if record.job.result:
            self.chars += _chars_in(record.job.result)
        return record.last_seq == len(log)


class RecentJobs:
    """As many as there is room for: first go those that ended, then the others, each from the one seen first."""

    def __init__(self) -> None:
        # A plain dict walks past all that has gone since it grew, each time that its first is asked for.
        self._unfinished: OrderedDict[int, RecentJob] = OrderedDict()
        self._finished: OrderedDict[int, RecentJob] = OrderedDict()
        self._ended: OrderedDict[int, Job] = OrderedDict()
        """Those that finished before these, or whose log is not here from the first event on."""
        self._chars = 0

    def get(self, job_id: UUID) -> RecentJob | None:
        """Return the job with its log, None where that is not at hand."""
        return self._unfinished.get(job_id.int) or self._finished.get(job_id.int)

    def job(self, job_id: UUID) -> Job | None:
        """Return the job, None where it is not at hand."""
        recent = self.get(job_id)
        return self._ended.get(job_id.int) if recent is None else recent.job

    def add(self, record: JobRecord, news: Sequence[JobEvent]) -> None:
        """Keep a job as it now is, if it is over, or its log is here from the first event on."""
        key = record.job.id.int
        recent = self._unfinished.get(key)
        known, chars_before = recent is not None, 0
        if recent is None:
            recent = RecentJob(record.job, [], _chars_in(record.job.payload))
        else:
            chars_before = recent.chars
        whole = recent.take(record, news)
        self._chars += recent.chars - chars_before
        if whole and not record.state.is_final:
            if not known:
                self._unfinished[key] = recent
            return
        if known:
            del self._unfinished[key]
        if not record.state.is_final:
            self._chars -= recent.chars
            return
        if whole:
            self._finished[key] = recent
        else:
            self._keep_without_log(recent)
        self._make_room()

    def forget_ended(self, before: datetime) -> None:
        """Forget what ended before an instant, and has been here for as long."""
        while self._finished and _ended_before(next(iter(self._finished.values())).job, before):
            self._chars -= _pop_first(self._finished).chars
        while self._ended and _ended_before(next(iter(self._ended.values())), before):
            self._chars -= _chars_of(_pop_first(self._ended))

    def forget_unfinished(self) -> None:
        """Forget what another process may have changed."""
        self._chars -= sum(job.chars for job in self._unfinished.values())
        self._unfinished.clear()

    def clear(self) -> None:
        """Forget all."""
        self._unfinished.clear()
        self._finished.clear()
        self._ended.clear()
        self._chars = 0

    def _make_room(self) -> None:
        while len(self._finished) > MOST_LOGS:
            self._keep_without_log(_pop_first(self._finished))
        while self._chars > MOST_CHARS or len(self._ended) + len(self._finished) + len(self._unfinished) > MOST_JOBS:
            if self._ended:
                self._chars -= _chars_of(_pop_first(self._ended))
            else:
                self._chars -= _pop_first(self._finished or self._unfinished).chars

    def _keep_without_log(self, recent: RecentJob) -> None:
        self._ended[recent.job.id.int] = recent.job
        self._chars += _chars_of(recent.job) - recent.chars


def _pop_first(jobs: OrderedDict[int, T]) -> T:
    return jobs.popitem(last=False)[1]


def _ended_before(job: Job, instant: datetime) -> bool:
    return job.completed_at is not None and job.completed_at < instant


def _chars_of(job: Job) -> int:
    return _chars_in(job.payload) + _chars_in(job.result or {})


def _chars_in(fields: Mapping[str, object]) -> int:
    return sum([len(value) for value in fields.values() if isinstance(value, str)])
