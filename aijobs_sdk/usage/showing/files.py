"""The tables of a report as files for programs: CSV, and Parquet with amounts as DECIMAL."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import assert_never

from aijobs_sdk.usage.columns import amount_text
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.all_chapters import chapters
from aijobs_sdk.usage.showing.fact_table import Cell, Column, FactTable, Kind
from aijobs_sdk.usage.showing.figures import places_of
from aijobs_sdk.usage.showing.formulas import is_formula
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, scratch_database
from aijobs_sdk.usage.table import cell_text
from aijobs_sdk.usage.writing import write_files


def write_csv_tables(facts: MonthFacts, folder: Path) -> list[Path]:
    """Write each table as `<month>-<table>.csv` into `folder`, made if missing, and return the paths.

    The files appear together or not at all. Totals are left out, so that a column can be summed; amounts are plain
    decimals. Text that a spreadsheet would take for a formula is led by an apostrophe.

    Raises:
        InvalidRequestError: a file cannot be written.
    """
    return _write_tables(facts, folder, "csv", _write_csv)


def write_parquet_tables(facts: MonthFacts, folder: Path) -> list[Path]:
    """Write each table as `<month>-<table>.parquet` into `folder`, as `write_csv_tables` does; text is as it came.

    Raises:
        InvalidRequestError: a file cannot be written.
    """
    with scratch_database() as database:
        return _write_tables(facts, folder, "parquet", partial(_write_parquet, database))


def _write_tables(facts: MonthFacts, folder: Path, ending: str, write: Callable[[FactTable, Path], None]) -> list[Path]:
    told = [chapter for chapter in chapters(facts) if chapter.name != "definitions"]
    tables = [table.carried() for chapter in told for table in chapter.tables]
    return write_files({folder / f"{facts.month}-{table.name}.{ending}": partial(write, table) for table in tables})


def _write_csv(table: FactTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(column.name for column in table.columns)
        writer.writerows(map(_csv_value, row) for row in table.rows)


def _csv_value(value: Cell) -> str | None:
    if not isinstance(value, str):
        return _plain(value)
    return f"'{cell_text(value)}" if is_formula(value) else cell_text(value)


_BIGINT_END = 2**63


def _write_parquet(database: Database, table: FactTable, path: Path) -> None:
    columns, texts = [], {}
    for number, column in enumerate(table.columns):
        values = [row[number] for row in table.rows]
        columns.append(f'unnest($c{number}::{_type(column, values)}[]) AS "{column.name}"')
        texts[f"c{number}"] = list(map(_plain, values))
    query = statement("showing/write_table").replace("{columns}", ", ".join(columns))
    database.execute(query, {**texts, "target": str(path)})


def _plain(value: Cell) -> str | None:
    match value:
        case None | str():
            return value
        case Decimal():
            return amount_text(value)
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            assert_never(value)


def _type(column: Column, values: Sequence[Cell]) -> str:
    match column.kind:
        case Kind.TEXT | Kind.WORDS:
            return "VARCHAR"
        case Kind.COUNT:
            counts = [value for value in values if isinstance(value, int)]
            return "BIGINT" if all(abs(count) < _BIGINT_END for count in counts) else "DECIMAL(38, 0)"
        case Kind.DAY:
            return "DATE"
        case Kind.AMOUNT | Kind.MONEY | Kind.SHARE | Kind.FIGURE:
            places = max((places_of(value) for value in values if isinstance(value, Decimal)), default=0)
            return f"DECIMAL(38, {max(places, 6)})"
        case _:
            assert_never(column.kind)
