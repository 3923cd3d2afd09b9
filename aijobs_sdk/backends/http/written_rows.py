"""Rows of a batch as they are sent: each one's JSON, and as many together as one request may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic_core import PydanticSerializationError, to_json

from aijobs_sdk.contract.batches import BatchItem
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError, RequestTooLargeError

PART_BYTES = 4 * 2**20
"""So much is sent at once: half of what a server takes as it comes, for those before which something takes less."""


class WrittenRow(NamedTuple):
    """A row, and its JSON."""

    field: str
    """How an error names it."""
    json: bytes


def written(row: BatchItem) -> WrittenRow:
    """Return a row with its JSON.

    Raises:
        InvalidRequestError: it holds something that is no JSON.
    """
    field = f"rows[{row.index}]"
    try:
        return WrittenRow(field, to_json(row))
    except PydanticSerializationError:
        problem = FieldProblem(field=field, problem="holds something that cannot be written as JSON")
        raise InvalidRequestError(f"Cannot keep `{problem.field}`: it {problem.problem}.", fields=[problem]) from None


def in_parts(rows: Sequence[WrittenRow]) -> Iterator[list[WrittenRow]]:
    """Yield the rows in their order, in parts of at most PART_BYTES; a row that is larger is a part of its own."""
    part: list[WrittenRow] = []
    size = 0
    for row in rows:
        if part and size + len(row.json) > PART_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row.json)
    if part:
        yield part


def body_of(part: Sequence[WrittenRow]) -> bytes:
    """Return the JSON of rows that are sent together: `{"rows": […]}`."""
    return b'{"rows":[' + b",".join(row.json for row in part) + b"]}"


def too_large(row: WrittenRow, refusal: RequestTooLargeError) -> RequestTooLargeError:
    """Return the refusal of a row that no request can hold."""
    problem = f"is too large for the server: it has {len(row.json):,} bytes as JSON"
    return RequestTooLargeError(
        f"Cannot keep `{row.field}`: it {problem}. Shorten it, or leave columns out. ({refusal.message})",
        fields=[FieldProblem(field=row.field, problem=problem)],
    )
