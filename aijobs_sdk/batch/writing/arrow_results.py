"""Results as Arrow knows them: of fixed types, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.writing.arrow_types import OUR_TYPES, arrow_type
from aijobs_sdk.batch.writing.fitting import fitting
from aijobs_sdk.batch.writing.layout import Layout, Record, error_fields
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError

ROWS_A_BATCH = 10_000
CHARS_A_BATCH = 20_000_000
"""Of answers: long ones make batches of fewer rows."""


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
    for records in _in_batches(rows, layout):
        yield pa.RecordBatch.from_arrays([_array(records, field, layout) for field in schema], schema=schema)


def arrow_table(rows: Iterable[BatchRow], layout: Layout) -> pa.Table:
    """Return all rows.

    Raises:
        InvalidRequestError: as `arrow_batches()`.
    """
    return pa.Table.from_batches(list(arrow_batches(rows, layout)), arrow_schema(layout))


def _in_batches(rows: Iterable[BatchRow], layout: Layout) -> Iterator[list[Record]]:
    records: list[Record] = []
    chars = 0
    for row in rows:
        records.append(layout.record(row))
        chars += len(row.content or "")
        if len(records) >= ROWS_A_BATCH or chars >= CHARS_A_BATCH:
            yield records
            records, chars = [], 0
    if records:
        yield records


def _array(records: Sequence[Record], field: pa.Field[Any], layout: Layout) -> pa.Array[Any]:
    values = (record.get(field.name) for record in records)
    kind = layout.kinds.get(field.name)
    fits = map(_ours, values) if kind is None else (fitting(kind, value) for value in values)
    try:
        array: pa.Array[Any] = pa.array(fits, type=field.type, size=len(records))
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        raise InvalidRequestError(
            f"Column {field.name!r} holds a value that is no {field.type}, as all others in it are. "
            "A .jsonl file can hold any.",
            code="mixed_column",
        ) from None
    return array


def _ours(value: object) -> object:
    return error_fields(value) if isinstance(value, ErrorInfo) else value
