"""Ids that sort by when they were made, so that a database adds at the end of its indexes instead of all over them."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_RANDOM_BITS = ~(0xF << 76 | 0b11 << 62) & (1 << 80) - 1


def new_id() -> UUID:
    """Return a new id: UUID version 7 of RFC 9562, milliseconds since 1970 and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | int.from_bytes(os.urandom(10)) & _RANDOM_BITS | _VERSION_AND_VARIANT)
