"""Results as a table of the library that a notebook prefers, with all columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.kinds import ANYTHING, NOTHING, Kind, Sort
from aijobs_sdk.batch.row import FIXED_COLUMNS, MORE_COLUMNS, BatchRow
from aijobs_sdk.batch.writing.fitting import restored
from aijobs_sdk.batch.writing.layout import ANSWERS, Layout, Record, error_fields, output_fields
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


_MOST_DIGITS_IN_POLARS = 38


def to_arrow(rows: Iterable[BatchRow], *, columns: Columns) -> pa.Table:
    """Return the rows in their order: the input's columns, ours, and those of structured answers.

    Raises:
        ConfigurationError: the `parquet` extra is not installed.
    """
    try:
        from aijobs_sdk.batch.writing.arrow_results import arrow_table  # noqa: PLC0415 - pyarrow is an extra, and large
    except ImportError:
        raise ConfigurationError("A table of Arrow needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    rows = list(rows)
    return arrow_table(rows, _layout(rows, columns))


def to_polars(rows: Iterable[BatchRow], *, columns: Columns) -> pl.DataFrame:
    """Return the same as a data frame of polars; decimals of more digits than that knows as text.

    Raises:
        ConfigurationError: polars, or the `parquet` extra, is not installed.
    """
    try:
        import polars as pl  # noqa: PLC0415 - the user's own, loaded by those who ask for its frames
    except ImportError:
        raise ConfigurationError("A data frame of polars needs polars: pip install polars pyarrow.") from None
    known = {name: kind if _has_a_place_in_polars(kind) else ANYTHING for name, kind in columns.kinds.items()}
    return pl.DataFrame(to_arrow(rows, columns=Columns(known)))


def to_pandas(rows: Iterable[BatchRow], *, columns: Columns) -> pd.DataFrame:
    """Return the same as a data frame of pandas, with credits as exact decimals.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - the user's own, loaded by those who ask for its frames
    except ImportError:
        raise ConfigurationError("A data frame of pandas needs pandas: pip install pandas.") from None
    rows = list(rows)
    layout = _layout(rows, columns)
    records = [layout.record(row) for row in rows]
    held = {name: _column(records, name, layout) for name in layout.names}
    return pd.DataFrame(
        {name: pd.Series(values, dtype=_type_in_pandas(name, values, layout)) for name, values in held.items()}
    )


_COUNTS = frozenset({"input_tokens", "output_tokens", "shared_with"})
"""Ours that are whole numbers, and that some rows lack."""
_WHOLE = frozenset({Sort.INTEGER, Sort.LONG})


def _type_in_pandas(name: str, values: Sequence[object], layout: Layout) -> str | None:
    """Return the type of a column for whose gaps pandas would make floats of whole numbers; None: it finds its own."""
    sort = layout.kinds[name].sort if name in layout.kinds else None
    if name in _COUNTS or (sort in _WHOLE and None in values):
        return "Int64"
    if sort is Sort.ANYTHING and any(type(value) is not int for value in values):
        return "object"  # such as numbers that no float holds, beside some that only a float does
    return None


def _has_a_place_in_polars(kind: Kind) -> bool:
    match kind.sort:
        case Sort.DECIMAL:
            return sum(kind.digits) <= _MOST_DIGITS_IN_POLARS
        case Sort.LIST:
            return _has_a_place_in_polars(kind.item or NOTHING)
        case Sort.OBJECT:
            return all(map(_has_a_place_in_polars, kind.fields.values()))
        case _:
            return True


def _column(records: Sequence[Record], name: str, layout: Layout) -> list[object]:
    held = [record.get(name) for record in records]
    if (kind := layout.kinds.get(name)) is not None:
        return [restored(kind, value) for value in held]
    return [error_fields(value) if isinstance(value, ErrorInfo) else value for value in held]


def _layout(rows: Sequence[BatchRow], columns: Columns) -> Layout:
    fields = Columns()
    for row in rows:
        fields.note(output_fields(row))
    answers = [ANSWERS] if any(row.answers for row in rows) else []
    return Layout(columns, [*FIXED_COLUMNS, *MORE_COLUMNS, *answers], fields)
