"""Ids of events that say where a stream stands: bytes and small numbers, written so that a header can hold them."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

_SHIFT, _MORE, _LOW = 7, 0x80, 0x7F


def as_id(written: bytes) -> str:
    """Return bytes as an id, which `from_id()` reads."""
    return urlsafe_b64encode(written).rstrip(b"=").decode()


def from_id(text: str) -> bytes:
    """Return the bytes of an id.

    Raises:
        ValueError: it is none.
    """
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError(text) from None


def write_varints(numbers: Iterable[int]) -> bytes:
    """Return these numbers one after the other, each seven bits a byte, the lowest first."""
    written = bytearray()
    for number in numbers:
        rest = number
        while rest > _LOW:
            written.append(rest & _LOW | _MORE)
            rest >>= _SHIFT
        written.append(rest)
    return bytes(written)


def read_varints(read: bytes) -> list[int]:
    """Return the numbers that are whole in these bytes."""
    numbers: list[int] = []
    number = shift = 0
    for byte in read:
        number |= (byte & _LOW) << shift
        shift += _SHIFT
        if not byte & _MORE:
            numbers.append(number)
            number = shift = 0
    return numbers
