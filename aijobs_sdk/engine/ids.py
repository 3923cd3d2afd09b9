"""Ids that sort by when they were made, so that a database adds at the end of its indexes instead of all over them."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_COUNTER_BITS = 12
_COUNTER = (1 << _COUNTER_BITS) - 1
_RANDOM = (1 << 62) - 1


class _Ids:
    """Ids of this process: each is above the one before it, though both may be of the same millisecond.

    Two threads at once may get the same place in the order, and never the same id.
    """

    def __init__(self) -> None:
        self._newest = 0
        """Milliseconds since 1970, and a counter of as many bits as version 7 leaves for one."""

    def new(self) -> UUID:
        place = max(time.time_ns() // 1_000_000 << _COUNTER_BITS, self._newest + 1)
        self._newest = place
        milliseconds, count = place >> _COUNTER_BITS, place & _COUNTER
        random = int.from_bytes(os.urandom(8)) & _RANDOM
        return UUID(int=milliseconds << 80 | count << 64 | random | _VERSION_AND_VARIANT)


_ids = _Ids()


def new_id() -> UUID:
    """Return a new id: UUID version 7 of RFC 9562, milliseconds since 1970, a counter, and 62 random bits."""
    return _ids.new()
