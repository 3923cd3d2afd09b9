"""Results as a table of the library that a notebook prefers, with all columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
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
    from pandas._typing import Dtype


NO_FIELDS = Columns()
_MOST_DIGITS_IN_POLARS = 38


def to_arrow(rows: Iterable[BatchRow], *, columns: Columns, fields: Columns = NO_FIELDS) -> pa.Table:
    """Return the rows in their order: the input's columns, ours, and those of structured answers.

    `fields` are the latter, as far as they are known before an answer is: they stand there without one, too.

    Raises:
        ConfigurationError: the `parquet` extra is not installed.
    """
    try:
        from aijobs_sdk.batch.writing.arrow_results import arrow_table  # noqa: PLC0415 - pyarrow is an extra, and large
    except ImportError:
        raise ConfigurationError("A table of Arrow needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    rows = list(rows)
    return arrow_table(rows, _layout(rows, columns, fields))


def to_polars(rows: Iterable[BatchRow], *, columns: Columns, fields: Columns = NO_FIELDS) -> pl.DataFrame:
    """Return the same as a data frame of polars; decimals of more digits than that knows as text.

    Raises:
        ConfigurationError: polars, or the `parquet` extra, is not installed.
    """
    try:
        import polars as pl  # noqa: PLC0415 - the user's own, loaded by those who ask for its frames
    except ImportError:
        raise ConfigurationError("A data frame of polars needs polars: pip install polars pyarrow.") from None
    known = {name: kind if _has_a_place_in_polars(kind) else ANYTHING for name, kind in columns.kinds.items()}
    return pl.DataFrame(to_arrow(rows, columns=Columns(known), fields=fields))


def to_pandas(rows: Iterable[BatchRow], *, columns: Columns, fields: Columns = NO_FIELDS) -> pd.DataFrame:
    """Return the same as a data frame of pandas, with credits as exact decimals.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - the user's own, loaded by those who ask for its frames
    except ImportError:
        raise ConfigurationError("A data frame of pandas needs pandas: pip install pandas.") from None
    rows = list(rows)
    layout = _layout(rows, columns, fields)
    records = [layout.record(row) for row in rows]
    held = {name: _column(records, name, layout) for name in layout.names}
    text = pd.Series([""]).dtype  # which differs from one version of pandas to the next
    return pd.DataFrame(
        {name: pd.Series(values, dtype=_type_in_pandas(name, values, layout, text)) for name, values in held.items()}
    )


_IN_PANDAS = {
    **dict.fromkeys(["index", "attempts"], "int64"),
    **dict.fromkeys(["input_tokens", "output_tokens", "shared_with"], "Int64"),  # some rows have none
    "latency_seconds": "float64",
}
"""Those of our columns that are numbers."""
_TEXTS = frozenset({"status", "content", "model", "provider", "served_model", "finish_reason", "job_id"})
_OF_SORTS = {Sort.BOOLEAN: "bool", Sort.INTEGER: "int64", Sort.LONG: "int64", Sort.NUMBER: "float64"}
_WITH_GAPS = {Sort.BOOLEAN: "boolean", Sort.INTEGER: "Int64", Sort.LONG: "Int64", Sort.NUMBER: "float64"}
"""Those of columns where some rows have nothing, for which pandas would make floats of whole numbers."""


def _type_in_pandas(name: str, values: Sequence[object], layout: Layout, text: Dtype) -> Dtype | None:
    """Return the type of a column, also where it has no values by which pandas could tell; None: it finds its own."""
    if name not in layout.kinds:
        return text if name in _TEXTS else _IN_PANDAS.get(name)
    match layout.kinds[name].sort:
        case Sort.TEXT:
            return text
        case Sort.INSTANT if len({value.tzinfo for value in values if isinstance(value, datetime)}) > 1:
            return "datetime64[us, UTC]"  # as in a journal, which keeps offsets: summer has another than winter
        case Sort.ANYTHING if any(type(value) is not int for value in values):
            return "object"  # such as numbers that no float holds, beside some that only a float does
        case sort:
            return (_WITH_GAPS if None in values else _OF_SORTS).get(sort)


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


def _layout(rows: Sequence[BatchRow], columns: Columns, fields: Columns) -> Layout:
    noted = Columns(fields.kinds)
    for row in rows:
        noted.note(output_fields(row))
    answers = [ANSWERS] if any(row.answers for row in rows) else []
    return Layout(columns, [*FIXED_COLUMNS, *MORE_COLUMNS, *answers], noted)
