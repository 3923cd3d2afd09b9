"""Results as Arrow knows them: of fixed types, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.writing.arrow_types import OUR_TYPES, arrow_type
from aijobs_sdk.batch.writing.fitting import fitting
from aijobs_sdk.batch.writing.layout import Layout, Record, error_fields
from aijobs_sdk.contract.error_info import ErrorInfo, FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError

ROWS_A_BATCH = 1_000
"""As Python has them: a row is far larger there than in its columns."""
CHARS_A_BATCH = 2_000_000
"""Of answers: long ones make batches of fewer rows."""
_DOES_NOT_FIT = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What is raised for a value that has no place in its column."""


def arrow_schema(layout: Layout) -> pa.Schema:
    """Return the types of all columns."""
    of_kinds = {name: arrow_type(kind) for name, kind in layout.kinds.items()}
    return pa.schema([(name, of_kinds[name] if name in of_kinds else OUR_TYPES[name]) for name in layout.names])


def arrow_batches(rows: Iterable[BatchRow], layout: Layout) -> Iterator[pa.RecordBatch]:
    """Yield the rows, ROWS_A_BATCH at a time or fewer.

    Raises:
        InvalidRequestError: a row holds what its column cannot.
    """
    schema = arrow_schema(layout)
    for some in _in_batches(rows):
        records = [layout.record(row) for row in some]
        yield pa.RecordBatch.from_arrays([_array(some, records, field, layout) for field in schema], schema=schema)


def arrow_table(rows: Iterable[BatchRow], layout: Layout) -> pa.Table:
    """Return all rows.

    Raises:
        InvalidRequestError: as `arrow_batches()`.
    """
    return pa.Table.from_batches(list(arrow_batches(rows, layout)), arrow_schema(layout))


def _in_batches(rows: Iterable[BatchRow]) -> Iterator[list[BatchRow]]:
    some: list[BatchRow] = []
    chars = 0
    for row in rows:
        some.append(row)
        chars += len(row.content or "")
        if len(some) >= ROWS_A_BATCH or chars >= CHARS_A_BATCH:
            yield some
            some, chars = [], 0
    if some:
        yield some


def _array(rows: Sequence[BatchRow], records: Sequence[Record], field: pa.Field[Any], layout: Layout) -> pa.Array[Any]:
    kind = layout.kinds.get(field.name)
    values = [record.get(field.name) for record in records]
    fits = partial(fitting, kind) if kind is not None else _ours
    try:
        array: pa.Array[Any] = pa.array(map(fits, values), type=field.type, size=len(values))
    except _DOES_NOT_FIT:
        unfit = next(row for row, value in zip(rows, values, strict=True) if not _fits(fits, value, field))
        raise _mixed_column(unfit.index, field) from None
    return array


def _fits(fits: Callable[[object], object], value: object, field: pa.Field[Any]) -> bool:
    try:
        pa.array([fits(value)], type=field.type)
    except _DOES_NOT_FIT:
        return False
    return True


def _mixed_column(index: int, field: pa.Field[Any]) -> InvalidRequestError:
    problem = f"column {field.name!r} holds a value that is no {field.type}, as all others in it are"
    return InvalidRequestError(
        f"Row {index + 1} (index {index}): {problem}. Write a .jsonl file, which can hold any.",
        code="mixed_column",
        fields=[FieldProblem(field=f"rows[{index}]", problem=problem)],
    )


def _ours(value: object) -> object:
    return error_fields(value) if isinstance(value, ErrorInfo) else value
