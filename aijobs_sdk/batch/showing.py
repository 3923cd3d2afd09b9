"""What a notebook shows of rows: some of them as a table, with the first of their own columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.contract.showing import heading, short_text
from aijobs_sdk.markup import Markup, markup, table

MOST_ROWS = 20
MOST_INPUTS = 3
"""Columns of the input that are shown; a wide table is no longer read."""

_OURS = ("status", "content", "error", "model", "input_tokens", "output_tokens", "credits")
_NUMBERS = frozenset({"row", "input_tokens", "output_tokens", "credits"})


def rows_table(rows: Sequence[BatchRow]) -> Markup:
    """Return the first of them as a table, with how many more there are."""
    first = list(islice(rows, MOST_ROWS))
    # A column of the input may be called as one of ours.
    inputs = list(dict.fromkeys(name for row in first for name in row.inputs))[:MOST_INPUTS]
    cells = (
        [f"{row.index + 1:,}", *(short_text(row.inputs.get(name)) for name in inputs), *_ours(row)] for row in first
    )
    hidden = len(rows) - len(first)
    return markup(
        heading(f"{len(rows):,} rows of a batch"),
        table(["row", *inputs, *_OURS], cells, numbers=_NUMBERS - set(inputs)) if first else None,
        f"… and {hidden:,} more rows" if hidden else None,
    )


def _ours(row: BatchRow) -> list[str]:
    error = "-" if row.error is None else row.error.code
    return [short_text(error if name == "error" else getattr(row, name)) for name in _OURS]
