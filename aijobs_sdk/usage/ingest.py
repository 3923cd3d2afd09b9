"""Export files loaded into the database: each row is kept, counted as a duplicate, or set aside with its reason.

Read as text → typed and judged, row by row → repeats found over all files → raw text of what was set aside → counted.
"""

from __future__ import annotations

import csv
import glob
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.columns import EXPORT_COLUMNS
from aijobs_sdk.usage.csv_lines import csv_header, csv_records
from aijobs_sdk.usage.database import Database, DatabaseError, statement
from aijobs_sdk.usage.jsonl_lines import jsonl_records
from aijobs_sdk.usage.lines import Record
from aijobs_sdk.usage.sources import Source, SourceFormat, column_names, header_problem

_FILES_PER_READ = 100  # bounds the text held at once: 1,000 CSV files of 2.5 MB are ten reads
_REWRITTEN_COLUMNS = ("reason", "detail", *EXPORT_COLUMNS)


@dataclass(frozen=True)
class Layout:
    """What files must have in common to be read by one statement: DuckDB takes the first file's word for all."""

    format: SourceFormat
    columns: tuple[str, ...] = ()
    """CSV: a name for each field, in order."""
    types: tuple[str, ...] = ()
    """Parquet: by column; a DOUBLE read as its neighbour's DECIMAL would be rounded."""
    header_problem: str | None = None
    line_by_line: bool = False
    """CSV whose header is not where DuckDB looks for it."""


def load(database: Database, sources: Sequence[Source]) -> None:
    """Load `sources` into the tables `usage`, `quarantine` and `source_file`.

    Raises:
        InvalidRequestError: a file has no header, or is not what its ending says.
    """
    database.execute(statement("create_tables"))
    by_layout: dict[Layout, list[Source]] = defaultdict(list)
    for source in _register(database, sources):
        by_layout[_layout(database, source)].append(source)
    for layout, alike in by_layout.items():
        read = _read_line_by_line if layout.line_by_line else _read_at_once
        for batch in _batches(alike):
            read(database, layout, batch)
    for step in ("find_repeats", "mark_duplicates", "mark_conflicts"):
        database.execute(statement(step))
    _keep_raw_lines(database, sources)
    _check_that_no_row_is_lost(database)
    database.execute(statement("drop_scratch"))


def _register(database: Database, sources: Sequence[Source]) -> list[Source]:
    """Note all `sources`; return those that are not, byte for byte, a copy of an earlier one."""
    first: dict[str, Source] = {}
    for source in sources:
        first.setdefault(source.sha256, source)
    originals = [first[source.sha256] for source in sources]
    parameters = {
        "file_ids": [source.file_id for source in sources],
        "paths": [str(source.path) for source in sources],
        "formats": [source.format for source in sources],
        "sizes": [source.size_bytes for source in sources],
        "hashes": [source.sha256 for source in sources],
        "same_as": [
            None if source is original else original.file_id
            for source, original in zip(sources, originals, strict=True)
        ],
    }
    database.execute(statement("register_files"), parameters)
    return list(first.values())


def _layout(database: Database, source: Source) -> Layout:
    match source.format:
        case "jsonl":
            return Layout("jsonl")
        case "csv":
            header = csv_header(source.path)
            if not header.fields:
                raise InvalidRequestError(
                    f"{source.path} has no readable header. Its first line must name the columns, separated by commas."
                )
            return Layout(
                "csv",
                columns=column_names(header.fields),
                header_problem=header_problem(header.fields),
                line_by_line=not header.is_first_line,
            )
        case "parquet":
            columns = _parquet_columns(database, source.path)
            names = tuple(name for name, _ in columns)
            types = tuple(kind for _, kind in columns)
            return Layout("parquet", columns=names, types=types, header_problem=header_problem(names))


def _parquet_columns(database: Database, path: Path) -> list[tuple[str, str]]:
    try:
        return database.execute(statement("parquet_columns"), {"path": _literal(path)}).fetchall()
    except DatabaseError as error:
        raise InvalidRequestError(f"{path} is not a Parquet file, or a cut one: {error}. Export it again.") from error


def _read_at_once(database: Database, layout: Layout, batch: Sequence[Source]) -> None:
    paths = [_literal(source.path) for source in batch]
    match layout.format:
        case "csv":
            columns = dict.fromkeys(layout.columns, "VARCHAR")
            database.execute(statement("read_csv"), {"paths": paths, "columns": columns})
        case "jsonl":
            database.execute(statement("read_jsonl"), {"paths": paths})
        case "parquet":
            name = "read_strange_parquet" if layout.header_problem else "read_parquet"
            database.execute(statement(name), {"paths": paths})
    suspects = _suspects(database, layout, batch)
    _take_in(database, layout, batch, left_out=suspects)
    if suspects:
        _read_line_by_line(database, layout, suspects)


def _suspects(database: Database, layout: Layout, batch: Sequence[Source]) -> list[Source]:
    if layout.format == "parquet":
        return []
    paths = [str(source.path) for source in batch]
    found = {path for (path,) in database.execute(statement("suspect_files"), {"paths": paths}).fetchall()}
    return [source for source in batch if str(source.path) in found]


def _read_line_by_line(database: Database, layout: Layout, sources: Sequence[Source]) -> None:
    with TemporaryDirectory() as scratch:
        paths = [str(_rewritten(source, Path(scratch))) for source in sources]
        columns = dict.fromkeys(_REWRITTEN_COLUMNS, "VARCHAR")
        database.execute(statement("read_rewritten"), {"paths": paths, "columns": columns})
    _take_in(database, layout, sources, left_out=())


def _rewritten(source: Source, folder: Path) -> Path:
    """Write every record of `source` as clean CSV, a broken line as a row that only has a reason."""
    path = folder / f"{source.file_id}.csv"
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for record in _records(source):
            texts = [record.values.get(column) for column in EXPORT_COLUMNS]
            writer.writerow([record.reason, record.detail, *texts])
    return path


def _take_in(database: Database, layout: Layout, batch: Sequence[Source], *, left_out: Sequence[Source]) -> None:
    files = {
        "file_ids": [source.file_id for source in batch],
        "left_out": [source.file_id for source in left_out],
    }
    database.execute(statement("count_rows"), files)
    database.execute(statement("type_rows"), {**files, "header_problem": layout.header_problem})


def _keep_raw_lines(database: Database, sources: Sequence[Source]) -> None:
    by_id = {source.file_id: source for source in sources}
    for file_id, rows in database.execute(statement("quarantined_rows")).fetchall():
        found = list(_raw_lines(database, by_id[file_id], rows))
        parameters = {
            "file_id": file_id,
            "rows": [row for row, _, _ in found],
            "lines": [line for _, line, _ in found],
            "raws": [raw for _, _, raw in found],
        }
        database.execute(statement("keep_raw_lines"), parameters)


def _raw_lines(database: Database, source: Source, rows: list[int]) -> Iterator[tuple[int, int, str]]:
    """Yield (row, line, raw text) for each of `rows`; a row of a Parquet file is its own line."""
    if source.format == "parquet":
        parameters = {"path": _literal(source.path), "rows": rows}
        for row, raw in database.execute(statement("parquet_rows"), parameters).fetchall():
            yield row, row, raw
        return
    wanted = set(rows)
    for row, record in enumerate(islice(_records(source), max(rows)), start=1):
        if row in wanted:
            yield row, record.line, record.raw


def _check_that_no_row_is_lost(database: Database) -> None:
    for path, rows_read, kept, duplicates, quarantined in database.execute(statement("lost_rows")).fetchall():
        raise AssertionError(
            f"{path}: {rows_read} rows read, but {kept} kept, {duplicates} duplicates and {quarantined} quarantined. "
            "This is a bug in aijobs-sdk; please report it."
        )


def _records(source: Source) -> Iterator[Record]:
    return csv_records(source.path) if source.format == "csv" else jsonl_records(source.path)


def _literal(path: Path) -> str:
    """Return `path` as a pattern that matches only itself: DuckDB takes brackets and stars in names as patterns."""
    return glob.escape(str(path))


def _batches(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    for start in range(0, len(sources), _FILES_PER_READ):
        yield sources[start : start + _FILES_PER_READ]
