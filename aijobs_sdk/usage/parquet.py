"""Usage rows written to Parquet, with the types their columns have in the database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.csv_export import csv_line
from aijobs_sdk.usage.database import open_database, statement
from aijobs_sdk.usage.staging import Staging


def write_parquet(rows: Iterable[UsageRow], staging: Staging) -> None:
    """Write `rows` as one Parquet file: credits DECIMAL(18,6), tokens BIGINT, created_at TIMESTAMP (UTC), else text."""
    with TemporaryDirectory() as scratch, open_database() as database:
        text = Path(scratch, "rows.csv")  # on disk, so that memory does not grow with the rows
        with text.open("wb") as file:
            file.writelines(map(csv_line, map(export_values, rows)))
        database.execute(
            statement("write_parquet"),
            {
                "rows": str(text),
                "columns": dict.fromkeys(EXPORT_COLUMNS, "VARCHAR"),
                "target": staging.next_file().name,
            },
        )
