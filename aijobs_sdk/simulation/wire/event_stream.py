"""The binary frames in which AWS streams events: lengths, headers, payload, and a checksum over each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
"""The type of a header whose value is text; the others are not needed."""
_PRELUDE_BYTES = 12
_TRAILER_BYTES = 4


def event(name: str, payload: bytes) -> bytes:
    """Return the frame of an event with a JSON payload."""
    return frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(name: str, payload: bytes) -> bytes:
    """Return the frame of an error in the middle of a stream."""
    return frame({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, payload)


def damaged(whole: bytes) -> bytes:
    """Return a frame as it arrives when its payload is not what was sent: the checksum does not fit."""
    return whole[:-1] + bytes([whole[-1] ^ 0xFF])


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return a frame with these headers, in their order."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    length = _PRELUDE_BYTES + len(head) + len(payload) + _TRAILER_BYTES
    lengths = struct.pack("!II", length, len(head))
    checked = lengths + struct.pack("!I", zlib.crc32(lengths)) + head + payload
    return checked + struct.pack("!I", zlib.crc32(checked))


@lru_cache(maxsize=64)  # a stream has the same few in every frame
def _header(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode(), value.encode()
    return struct.pack("!B", len(name_bytes)) + name_bytes + struct.pack("!BH", _STRING, len(value_bytes)) + value_bytes
