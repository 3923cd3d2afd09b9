"""One reader of one job's events: takes what a stream brings, and hands on each event once and in order."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, TerminalEvent

MOST_WAITING = 1_000
"""Events that are kept for somebody who reads slowly."""


class GapError(ValueError):
    """An event is missing between two that came."""


class Follower:
    """Where a reader is in the log, and what waits to be read."""

    def __init__(self, job_id: UUID, after: int, *, wants_log: bool = True) -> None:
        self.job_id = job_id
        self.wants_log = wants_log
        """Whether each event is wanted; else only that the job is over."""
        self.seen = after
        """The number of the last event that was taken in."""
        self.is_over = False
        """Whether nothing more is to be taken in."""
        self.is_left_behind = False
        """Whether nothing is taken in until all that waits has been read, and another stream is joined."""
        self._waiting: deque[JobEvent] = deque()
        self._error: BaseException | None = None
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._gap_announced = False
        self._gap_at: int | None = None

    @property
    def wants_to_join(self) -> bool:
        """Whether what waited has been read, and a stream is needed for what comes after."""
        return self.is_left_behind and not self._waiting and not self.is_over

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be read that nothing more can be taken in."""
        return len(self._waiting) >= MOST_WAITING

    def take(self, event: JobEvent) -> bool:
        """Take in the next event, and return whether it is new here.

        Raises:
            GapError: one before it did not come, and nobody said that it would not. If it does not come when it is
                asked for again, it does not exist, and the second time the reader goes on without it.
        """
        announced, self._gap_announced = self._gap_announced, False
        if self.is_over or event.seq <= self.seen:
            return False
        if event.seq > self.seen + 1 and not announced and self._gap_at != self.seen:
            self._gap_at = self.seen
            raise GapError(f"event {event.seq} after {self.seen}")
        self._waiting.append(event)
        self.seen = event.seq
        self.is_over = isinstance(event, TerminalEvent)
        self._changed.set()
        return True

    def announce_gap(self) -> None:
        """Note that the next event may be any: a part of the log is gone."""
        self._gap_announced = True

    def end(self) -> None:
        """Note that there will be no more events."""
        self.is_over = True
        self._changed.set()

    def fail(self, error: BaseException) -> None:
        """Let the reader know, after the events that wait, why there will be no more."""
        self._error = error
        self.end()

    async def next_event(self) -> JobEvent | None:
        """Return the next event, None after the last one."""
        while not self._waiting:
            if self.is_over:
                if self._error is not None:
                    raise self._error
                return None
            self._changed.clear()
            await self._changed.wait()
        event = self._waiting.popleft()
        if not self._waiting:
            self._room.set()
        return event

    async def wait_for_room(self) -> None:
        """Return when all that waited has been read."""
        while self._waiting:
            self._room.clear()
            await self._room.wait()
