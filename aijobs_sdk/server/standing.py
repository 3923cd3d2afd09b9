"""Where a stream of many jobs stands with each of them, as the id of an event: opaque, short, and exact."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from uuid import UUID

from aijobs_sdk.server.limits import MAX_SEQ

_MARK_BYTES = 6
_OVER = 0
_SHIFT, _MORE, _LOW = 7, 0x80, 0x7F


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
        written = bytearray(self._mark)
        for number in self._numbers:
            _write(number, written)
        return urlsafe_b64encode(written).rstrip(b"=").decode()

    def resume(self, text: str) -> None:
        """Go on from an id that a stream with the same address gave.

        Raises:
            ValueError: it is none.
        """
        try:
            read = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (binascii.Error, UnicodeEncodeError):
            raise ValueError(text) from None
        numbers = _numbers(read[_MARK_BYTES:])
        if read[:_MARK_BYTES] != self._mark or len(numbers) != len(self._numbers) or max(numbers) > MAX_SEQ + 1:
            raise ValueError(text)
        self._numbers = numbers


def _write(number: int, written: bytearray) -> None:
    """Append a number, seven bits a byte, the lowest first."""
    while number > _LOW:
        written.append(number & _LOW | _MORE)
        number >>= _SHIFT
    written.append(number)


def _numbers(read: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in read:
        number |= (byte & _LOW) << shift
        shift += _SHIFT
        if not byte & _MORE:
            numbers.append(number)
            number = shift = 0
    return numbers
