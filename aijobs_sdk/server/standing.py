"""Where a stream of many jobs stands with each of them, as the id of an event: opaque, short, and exact."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from uuid import UUID

from aijobs_sdk.server.event_ids import as_id, from_id, read_varints, write_varints
from aijobs_sdk.server.limits import MAX_SEQ

_MARK_BYTES = 6
_OVER = 0


class Standing:
    """The last `seq` of each job, in the order of the stream's address; a job may be over."""

    def __init__(self, jobs: Mapping[UUID, int]) -> None:
        self._mark = blake2b(b"".join(job_id.bytes for job_id in jobs), digest_size=_MARK_BYTES).digest()
        self._places = {job_id: place for place, job_id in enumerate(jobs)}
        self._numbers = [seq + 1 for seq in jobs.values()]

    def advance(self, job_id: UUID, seq: int) -> None:
        """Note that the reader has this event of a job."""
        self._numbers[self._places[job_id]] = seq + 1

    def end(self, job_id: UUID) -> None:
        """Note that the reader has all of a job."""
        self._numbers[self._places[job_id]] = _OVER

    def jobs(self) -> dict[UUID, int]:
        """Return the jobs that are not over, with the last `seq` of each."""
        numbers = zip(self._places, self._numbers, strict=True)
        return {job_id: number - 1 for job_id, number in numbers if number != _OVER}

    def text(self) -> str:
        """Return all this as an id, which `resume()` reads."""
        return as_id(self._mark + write_varints(self._numbers))

    def resume(self, text: str) -> None:
        """Go on from an id that a stream with the same address gave.

        Raises:
            ValueError: it is none.
        """
        read = from_id(text)
        numbers = read_varints(read[_MARK_BYTES:])
        if read[:_MARK_BYTES] != self._mark or len(numbers) != len(self._numbers) or max(numbers) > MAX_SEQ + 1:
            raise ValueError(text)
        self._numbers = numbers
