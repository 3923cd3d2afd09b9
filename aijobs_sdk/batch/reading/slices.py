"""Rows of a table, a slice at a time; in place of one that Python cannot hold stands in which column it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

ROWS_AT_A_TIME = 1_000
"""Few enough to be small, and enough that asking for them costs nothing beside making them."""
NOT_HELD = "holds what Python cannot, such as a date past the year 9999 or a text that is not UTF-8; mend it"
_RAISED_FOR_IT = (ValueError, OverflowError, KeyError)
"""What libraries raise over such a cell; a KeyError is for a time zone that nobody knows."""

Read = Callable[[int, int], Sequence[object]]
"""Gives rows from a place on, so many or as many as there are."""


class NotHeld(NamedTuple):
    """A row that cannot be read."""

    column: str | None
    """The first in which it cannot; None where that cannot be told."""


def in_slices(length: int, read: Read, *, by_column: Callable[[], dict[str, Read]]) -> Iterator[object]:
    """Yield all rows of a table of this length; `by_column` is asked for once one of them cannot be read."""
    for start in range(0, length, ROWS_AT_A_TIME):
        try:
            rows = read(start, ROWS_AT_A_TIME)
        except _RAISED_FOR_IT:  # by any of its cells
            columns = by_column()
            rows = [_alone(place, read, columns) for place in range(start, min(start + ROWS_AT_A_TIME, length))]
        yield from rows


def _alone(place: int, read: Read, columns: dict[str, Read]) -> object:
    try:
        return read(place, 1)[0]
    except _RAISED_FOR_IT:
        return NotHeld(next((name for name, cells in columns.items() if not _can_be_read(place, cells)), None))


def _can_be_read(place: int, read: Read) -> bool:
    try:
        read(place, 1)
    except _RAISED_FOR_IT:
        return False
    return True
