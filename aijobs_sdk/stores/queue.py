"""Waiting jobs: those that are due by priority and age, the others by the instant they fall due."""

from __future__ import annotations

import heapq
from datetime import datetime

from aijobs_sdk.stores.entry import Entry


class Queue:
    """What to claim next. A cancelled job stays in its heap until it comes to the top, and is skipped there."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Entry]] = []
        self._later: list[tuple[datetime, int, Entry]] = []

    def push(self, entry: Entry, now: datetime) -> None:
        """Add a job, due at its `run_at`; one that is inside stays as it is."""
        if entry.queued:
            return
        entry.queued = True
        if entry.record.run_at <= now:
            self._push_due(entry)
        else:
            heapq.heappush(self._later, (entry.record.run_at, entry.ordinal, entry))

    def next_due(self, now: datetime) -> Entry | None:
        """Return the job to claim first at this instant, None when there is none; it stays inside."""
        while self._later and self._later[0][0] <= now:
            self._push_due(heapq.heappop(self._later)[-1])
        while self._due and not self._due[0][2].record.claimable(now):
            self.pop()
        return self._due[0][2] if self._due else None

    def pop(self) -> None:
        """Take out what `next_due()` returned."""
        heapq.heappop(self._due)[2].queued = False

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return how long until the next job falls due; None when none will."""
        return max(0.0, (self._later[0][0] - now).total_seconds()) if self._later else None

    def _push_due(self, entry: Entry) -> None:
        heapq.heappush(self._due, (entry.record.job.priority.rank, entry.ordinal, entry))
