"""What a notebook shows of rows: some of them as a table, with the first of their own columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aijobs_sdk.batch.row import BatchRow, RowStatus
from aijobs_sdk.contract.showing import counted, heading, short_text
from aijobs_sdk.markup import Markup, markup, table

MOST_ROWS = 20
MOST_INPUTS = 3
"""Columns of the input that are shown; a wide table is no longer read."""
MOST_CELL = 160
"""Characters of one text; of all texts of a row MOST_LINE, so that ten rows are seen at once."""
MOST_LINE = 320


@dataclass(frozen=True)
class _Column:
    name: str
    value: Callable[[BatchRow], object]
    is_number: bool = False


def rows_table(rows: Sequence[BatchRow]) -> Markup:
    """Return the first of them as a table, with how many more there are."""
    first = list(islice(rows, MOST_ROWS))
    hidden = len(rows) - len(first)
    return markup(
        heading(f"{counted(len(rows), 'row')} of a batch"),
        _table(first) if first else None,
        f"… and {counted(hidden, 'more row')}" if hidden else None,
    )


def _table(rows: Sequence[BatchRow]) -> Markup:
    inputs = [_input(name) for name in list(dict.fromkeys(name for row in rows for name in row.inputs))[:MOST_INPUTS]]
    columns = [_Column("row", lambda row: row.index + 1, is_number=True), *inputs, *_told(rows)]
    most = min(MOST_CELL, MOST_LINE // sum(not column.is_number for column in columns))
    cells = ([short_text(column.value(row), most=most) for column in columns] for row in rows)
    # A column of the input may be called as one of ours.
    numbers = {column.name for column in columns if column.is_number} - {column.name for column in inputs}
    return table([column.name for column in columns], cells, numbers=numbers)


def _input(name: str) -> _Column:
    return _Column(name, lambda row: row.inputs.get(name))


def _told(rows: Sequence[BatchRow]) -> Iterator[_Column]:
    """Yield of what a batch knows the columns that tell something of these rows."""
    yield _Column("content", lambda row: row.content)
    if any(row.status is not RowStatus.COMPLETED for row in rows):
        yield _Column("status", _status)
    if len({row.model for row in rows}) > 1:
        yield _Column("model", lambda row: row.model)
    if any(row.input_tokens is not None for row in rows):
        yield _Column("tokens in/out", _tokens, is_number=True)
    if any(row.credits is not None for row in rows):
        yield _Column("credits", lambda row: row.credits, is_number=True)


def _status(row: BatchRow) -> str:
    return str(row.status) if row.error is None else f"{row.status}: {row.error.code}"


def _tokens(row: BatchRow) -> str | None:
    if row.input_tokens is None or row.output_tokens is None:
        return None
    return f"{row.input_tokens:,}/{row.output_tokens:,}"  # without a space, at which it would be broken
