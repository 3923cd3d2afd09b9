"""Pages of a list: a cursor is the age of the last job that was shown."""

from __future__ import annotations

from aijobs_sdk.contract.refusal import bad_argument

_MOST_DIGITS = 19
"""Of any age that a store has a place for."""


def read_cursor(cursor: str, *, newest: int) -> int:
    """Return the age that a cursor says, where the newest job is of this one.

    Raises:
        InvalidRequestError: no page of the list can have given it.
    """
    if cursor.isdecimal() and len(cursor) <= _MOST_DIGITS and 0 < int(cursor) <= newest:
        return int(cursor)
    problem = "is not a cursor of this list: pass `next_cursor` of the page before"
    raise bad_argument("cursor", problem)
