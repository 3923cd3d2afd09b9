"""Waiting jobs: those that are due by priority and age, a heap for each type, the others by when they fall due."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from aijobs_sdk.stores.entry import Entry

_Due = list[tuple[int, int, Entry]]


class Queue:
    """What to claim next. A cancelled job stays in its heap until it comes to the top, and is skipped there."""

    def __init__(self) -> None:
        self._due: defaultdict[str, _Due] = defaultdict(list)
        self._later: list[tuple[datetime, int, Entry]] = []

    @property
    def has_due(self) -> bool:
        """Whether a job may be due that is not claimed."""
        return any(self._due.values())

    def push(self, entry: Entry, now: datetime) -> None:
        """Add a job, due at its `run_at`; one that is inside stays as it is."""
        if entry.queued:
            return
        entry.queued = True
        if entry.record.run_at <= now:
            self._push_due(entry)
        else:
            heapq.heappush(self._later, (entry.record.run_at, entry.ordinal, entry))

    def next_due(self, types: Iterable[str], now: datetime) -> Entry | None:
        """Return the job of these types to claim first at this instant, None when there is none; it stays inside."""
        while self._later and self._later[0][0] <= now:
            self._push_due(heapq.heappop(self._later)[-1])
        tops = [due[0] for name in types if (due := self._due.get(name)) and self._has_top(due)]
        return min(tops)[-1] if tops else None

    def pop(self, entry: Entry) -> None:
        """Take out what `next_due()` returned."""
        self._pop(self._due[entry.record.job.type])

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return how long until the next job falls due; None when none will."""
        return max(0.0, (self._later[0][0] - now).total_seconds()) if self._later else None

    def _push_due(self, entry: Entry) -> None:
        job = entry.record.job
        heapq.heappush(self._due[job.type], (job.priority.rank, entry.ordinal, entry))

    def _has_top(self, due: _Due) -> bool:
        # What was due once stays due, though the clock may have been set back since.
        while due and not due[0][-1].record.waiting:
            self._pop(due)
        return bool(due)

    def _pop(self, due: _Due) -> None:
        heapq.heappop(due)[-1].queued = False
