"""Usage rows written to files: CSV, JSONL or Parquet, with the same columns and the same exact amounts in each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.refusal import bad_argument, check_iterable, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.exports.csv_export import write_csv
from aijobs_sdk.usage.exports.staging import Staging

ExportFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]


def export_usage(
    rows: Iterable[UsageRow],
    directory: str | Path,
    *,
    format: ExportFormat = "parquet",  # noqa: A002 - the word of `aijobs export usage --format`
    name: str = "query_usage",
) -> list[Path]:
    """Write `rows` into `directory`, made if missing, and return the new files in order.

    CSV goes on in the next file after 10,000 rows or 10 MB; JSONL is one file; Parquet is one for each month, in a
    folder such as `month=2026-01`. `rows` are read once, one after the other, and may be more than fit in memory:
    `client.usage_rows(...)`. Files appear complete and together, after the last row; if `rows` raises, none does. No
    rows give a file that holds only its header, except for JSONL, which has none and gets no file.

    `credits_used` is decimal text with six places (Parquet: DECIMAL(18,6)), `metadata` a JSON object in text,
    `created_at` UTC (Parquet: TIMESTAMP without a zone, as UTC).

    Raises:
        InvalidRequestError: an unknown format, a name that is a path, a directory that cannot be written to, or
            something that is no row.
        ConfigurationError: Parquet needs the `usage` extra.
    """
    if format not in get_args(ExportFormat):
        raise InvalidRequestError(f"Unknown format {format!r}. Choose csv, jsonl or parquet.")
    check_iterable("rows", rows, "usage rows")
    with Staging(path_of("directory", directory), name=name, ending=format) as staging:
        checked = map(_row, rows)
        if format == "csv":
            write_csv(checked, staging)
        elif format == "jsonl":
            write_jsonl(checked, staging)
        else:
            from aijobs_sdk.usage.exports.parquet import write_parquet  # noqa: PLC0415 - DuckDB is an extra

            write_parquet(checked, staging)
    return staging.published


def _row(value: object) -> UsageRow:
    if not isinstance(value, UsageRow):
        raise bad_argument("rows", f"must yield usage rows, one is {shape_of(value)}")
    return value


def write_jsonl(rows: Iterable[UsageRow], staging: Staging) -> None:
    """Write `rows` as one JSON object a line."""
    lines = map(_json_line, rows)
    for first in lines:  # at most once: an export of nothing makes no file
        file = staging.next_file()
        file.write(first)
        file.writelines(lines)


def _json_line(row: UsageRow) -> bytes:
    values = dict(zip(EXPORT_COLUMNS, export_values(row), strict=True))
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"
