"""Where a stream of a batch stands with each of its jobs: the newest that it has begun, and which are not over yet."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, TerminalEvent
from aijobs_sdk.server.event_ids import as_id, from_id, read_varints, write_varints
from aijobs_sdk.server.limits import MAX_SEQ

MOST_OPEN = 250
"""Jobs that one stream follows at the same time: each of them has two bytes or more in the id of every event."""
_MARK_BYTES = 6
_ID_BYTES = 16


class Stand(NamedTuple):
    """What the id of an event says."""

    newest: UUID
    """The newest job that was begun."""
    seen: Mapping[int, int]
    """The last `seq` of each job that is not over, by how many jobs it is older than the newest."""


class BatchPlaces:
    """Jobs are begun in the order of their age, so that the newest and those still open say which are over."""

    def __init__(self, batch_id: UUID) -> None:
        self._mark = blake2b(batch_id.bytes, digest_size=_MARK_BYTES).digest()
        self._begun = 0
        self._open: dict[UUID, tuple[int, int]] = {}
        """Its place in the order, and its last `seq`."""
        self.newest: UUID | None = None

    def begin(self, job_id: UUID) -> None:
        """Note that the next job in age is followed from now on."""
        self._open[job_id] = (self._begun, 0)
        self._begun += 1
        self.newest = job_id

    def restore(self, newest: UUID, seen: Mapping[UUID, tuple[int, int]]) -> None:
        """Go on after a job; of others the reader has seen so much, each by so many older than it."""
        self.newest = newest
        self._begun = 1 + max((distance for distance, _ in seen.values()), default=0)
        self._open = {job_id: (self._begun - 1 - distance, seq) for job_id, (distance, seq) in seen.items()}

    def after(self, event: JobEvent) -> str:
        """Return the place after this event."""
        if isinstance(event, TerminalEvent):
            self.end(event.job_id)
        else:
            place, _ = self._open[event.job_id]
            self._open[event.job_id] = (place, event.seq)
        return self._text()

    def end(self, job_id: UUID) -> None:
        """Note that a job is over."""
        self._open.pop(job_id, None)

    def open(self) -> dict[UUID, int]:
        """Return the jobs that are not over, with the last `seq` of each."""
        return {job_id: seq for job_id, (_, seq) in self._open.items()}

    def read(self, text: str) -> Stand:
        """Return what the id of an event of this batch says.

        Raises:
            ValueError: it is none.
        """
        read = from_id(text)
        mark, newest = read[:_MARK_BYTES], read[_MARK_BYTES : _MARK_BYTES + _ID_BYTES]
        numbers = read_varints(read[_MARK_BYTES + _ID_BYTES :])
        seen = dict(zip(numbers[::2], numbers[1::2], strict=True))
        if mark != self._mark or len(newest) != _ID_BYTES or len(seen) > MOST_OPEN or max(numbers, default=0) > MAX_SEQ:
            raise ValueError(text)
        return Stand(UUID(bytes=newest), seen)

    def _text(self) -> str:
        assert self.newest is not None  # noqa: S101 - an event is of a job that was begun
        numbers = (number for place, seq in self._open.values() for number in (self._begun - 1 - place, seq))
        return as_id(self._mark + self.newest.bytes + write_varints(numbers))
