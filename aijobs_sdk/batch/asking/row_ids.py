"""The ids of rows: there in each row, and no two the same; a hundred bytes for each."""

from __future__ import annotations

from array import array
from hashlib import blake2b

from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import nearest, shape_of

_DIGEST_BYTES = 15
"""No more fit into a Python integer of its smallest sizes; two ids of one digest are not to be feared."""
_LOW_64_BITS = 2**64 - 1


class RowIds:
    """Those that were seen so far, in a column of this name; ask of each row, in order from the first."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._seen: set[int] = set()
        self._in_order = array("Q")  # finds the row that had an id first, which a set does not know

    def problem(self, row: Row, index: int) -> InvalidRequestError | None:
        """Take note of a row; return its refusal where its id is missing, or was another's."""
        digest = self._digest(row)
        self._in_order.append((digest or 0) & _LOW_64_BITS)
        if digest is None:
            return bad_row(index, self._missing(row))
        if digest in self._seen:
            first = self._in_order.index(digest & _LOW_64_BITS)
            return bad_row(index, f"has the same {self._column!r} as row {first + 1} (index {first}); ids must differ")
        self._seen.add(digest)
        return None

    def _digest(self, row: Row) -> int | None:
        value = row.get(self._column)
        if value is None or isinstance(value, list | dict | float):
            return None
        named = f"{type(value).__name__} {value}".encode()
        return int.from_bytes(blake2b(named, digest_size=_DIGEST_BYTES).digest())

    def _missing(self, row: Row) -> str:
        if self._column not in row:
            return f"there is no column {self._column!r} for its id.{nearest(self._column, row).removesuffix('.')}"
        value = row[self._column]
        if value is None:
            return f"{self._column!r} is empty there; each row needs an id"
        return f"{self._column!r} should hold a text or a whole number, got {shape_of(value)}"
