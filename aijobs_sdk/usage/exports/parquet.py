"""Usage rows written to Parquet, with the types their columns have in the database, in a folder for each month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.exports.csv_export import csv_line
from aijobs_sdk.usage.exports.staging import Staging
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, DatabaseError, scratch_database

_USUAL_LINE_BYTES = 2**21
"""What DuckDB is prepared for anyhow."""


@dataclass
class MonthText:
    """The rows of one month, as text on disk, so that memory does not grow with them."""

    path: Path
    file: BinaryIO
    longest: int = 0
    """The size of the longest row: DuckDB has to be told before it meets one of 2 MB."""

    def write(self, row: UsageRow) -> None:
        """Add a row."""
        self.longest = max(self.longest, self.file.write(csv_line(export_values(row))))


def write_parquet(rows: Iterable[UsageRow], staging: Staging) -> None:
    """Write `rows` as one Parquet file a month: credits DECIMAL(18,6), tokens BIGINT, created_at TIMESTAMP, else text.

    The folders are those of a lake (`month=2026-01`), by the rows' own `month_year`, which is a column as well: a
    folder by the very name of a column is an error to readers that find the column twice. No rows are an empty file.
    """
    with TemporaryDirectory() as scratch, scratch_database() as database:
        database.execute("SET threads = 1")  # as fast with one file, in half the memory
        texts = _write_texts(rows, Path(scratch))
        for month in sorted(texts):
            _turn_into_parquet(database, texts[month], staging, within=f"month={month}")
        if not texts:
            nothing = Path(scratch, "nothing")
            with nothing.open("wb") as file:
                _turn_into_parquet(database, MonthText(nothing, file), staging)


def _write_texts(rows: Iterable[UsageRow], scratch: Path) -> Mapping[str, MonthText]:
    texts: dict[str, MonthText] = {}
    with ExitStack() as stack:
        for row in rows:
            month = row.month_year
            if month not in texts:
                path = scratch / month
                texts[month] = MonthText(path, stack.enter_context(path.open("wb")))
            texts[month].write(row)
    return texts


def _turn_into_parquet(database: Database, text: MonthText, staging: Staging, *, within: str = "") -> None:
    parameters = {
        "rows": str(text.path),
        "columns": dict.fromkeys(EXPORT_COLUMNS, "VARCHAR"),
        "longest": max(text.longest, _USUAL_LINE_BYTES),
        "target": staging.next_file(within=within).name,
    }
    try:
        database.execute(statement("exports/write_parquet"), parameters)
    except DatabaseError as error:
        raise staging.refused(error) from error
