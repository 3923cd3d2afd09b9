"""Files of one layout read into the scratch table `arrived`, each value as text, and judged from there.

DuckDB reads many files at once. A file of which it cannot take a line is read once more, line by line. One that came to
fewer rows than it has lines is first read by itself: among many, DuckDB drops a quote that is never closed and all that
comes after it, without a word.
"""

from __future__ import annotations

import csv
import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, USAGE_COLUMNS
from aijobs_sdk.usage.reading.csv_lines import csv_header, csv_records
from aijobs_sdk.usage.reading.cut_off import may_be_cut
from aijobs_sdk.usage.reading.exports import SourceFormat
from aijobs_sdk.usage.reading.first_look import TextFormat, ends_a_line, filled_lines, foreign_encoding, needs_care
from aijobs_sdk.usage.reading.folder_columns import folder_columns
from aijobs_sdk.usage.reading.headers import column_names, header_problem
from aijobs_sdk.usage.reading.jsonl_lines import jsonl_records
from aijobs_sdk.usage.reading.lines import Record
from aijobs_sdk.usage.reading.local_copy import Source
from aijobs_sdk.usage.reading.wide_amounts import check_amounts
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, DatabaseError

_MANY_PATHS = 5
_MOST_BYTES_A_CHARACTER = 4
_USUAL_LINE_BYTES = 16_000_000
_REWRITTEN_COLUMNS = ("reason", "detail", *EXPORT_COLUMNS)


@dataclass(frozen=True)
class Rules:
    """By what rows are judged beside their own columns."""

    timezone: str
    """In which days are reckoned."""
    strict_months: bool
    """Whether a row whose month_year is not the month of its day is set aside."""


@dataclass(frozen=True)
class Layout:
    """What files must have in common to be read by one statement: DuckDB takes the first file's word for all."""

    format: SourceFormat
    columns: tuple[str, ...] = ()
    """CSV: a name for each field, in order."""
    types: tuple[str, ...] = ()
    """Parquet: by column; a DOUBLE read as its neighbour's DECIMAL would be rounded."""
    header_problem: str | None = None
    told: tuple[tuple[str, str], ...] = ()
    """What their folders say of columns that they have not; of a column that they have, their own word holds."""
    line_by_line: bool = False
    """Text that DuckDB would misread or give up on, that may be cut, or whose header is not where it looks for it."""


def layout_of(database: Database, source: Source) -> Layout:
    """Return how a file must be read.

    Raises:
        InvalidRequestError: it has no header, or is not what its ending says.
    """
    match source.format:
        case "jsonl":
            told = tuple(folder_columns(source.path).items())
            return Layout("jsonl", told=told, line_by_line=_needs_care(source, "jsonl"))
        case "csv":
            careful = _needs_care(source, "csv")
            header = csv_header(source.file)
            if not header.fields:
                raise InvalidRequestError(
                    f"{source.path} has no readable header. Its first line must name the columns, separated by commas."
                )
            told = _told(source, header.fields)
            problem = header_problem(header.fields, told=dict(told))
            if problem and not ends_a_line(source.file):
                # Nothing below it could be set aside, and an export cut so early would count as one of nothing.
                raise InvalidRequestError(f"{source.path} ends in its header: {problem}. Export it again.")
            named = column_names(header.fields)
            return Layout(
                "csv",
                columns=named,
                header_problem=problem,
                told=told,
                line_by_line=careful or not header.is_first_line or may_be_cut(source.file, named[-1]),
            )
        case "parquet":
            columns = _parquet_columns(database, source)
            names = tuple(name for name, _ in columns)
            types = tuple(kind for _, kind in columns)
            told = _told(source, names)
            problem = header_problem(names, told=dict(told))
            return Layout("parquet", columns=names, types=types, header_problem=problem, told=told)


def read_alike(database: Database, layout: Layout, sources: Sequence[Source], rules: Rules) -> None:
    """Read files of one layout and judge their rows."""
    if layout.line_by_line:
        _read_line_by_line(database, layout, sources, rules)
        return
    paths = [literal(source.file) for source in sources]
    match layout.format:
        case "csv":
            columns = dict.fromkeys(layout.columns, "VARCHAR")
            database.execute(statement("reading/read_csv"), {"paths": paths, "columns": columns})
        case "jsonl":
            expected = [column for column in USAGE_COLUMNS if column not in dict(layout.told)]
            database.execute(statement("reading/read_jsonl"), {"paths": paths, "expected": expected})
        case "parquet":
            _read_parquet(database, layout, sources)
    _add_folder_columns(database, layout)
    suspects = _suspects(database, layout, sources)
    short = [source for source in _short(database, layout, sources) if source not in suspects]
    _judge(database, layout, sources, rules, left_out=[*suspects, *short])
    if suspects:
        _read_line_by_line(database, layout, suspects, rules)
    for source in short:
        read_alike(database, layout, [source], rules)


def records_of(source: Source) -> Iterator[Record]:
    """Yield the records of a text file one by one."""
    if source.format == "csv":
        return csv_records(source.file)
    return jsonl_records(source.file, told=folder_columns(source.path))


def literal(path: Path) -> str:
    """Return `path` as a pattern that matches only itself: DuckDB takes brackets and stars in names as patterns."""
    return glob.escape(str(path))


def _told(source: Source, header: Sequence[str]) -> tuple[tuple[str, str], ...]:
    fields = {field.strip().lower() for field in header}
    return tuple((name, value) for name, value in folder_columns(source.path).items() if name not in fields)


def _add_folder_columns(database: Database, layout: Layout) -> None:
    for name, value in layout.told:
        database.execute(statement("reading/add_folder_columns").replace("{column}", name), {"value": value})


def _needs_care(source: Source, kind: TextFormat) -> bool:
    encoding = foreign_encoding(source.file)
    if encoding is not None:
        raise InvalidRequestError(f"{source.path} is {encoding} text. Save it as UTF-8.")
    return needs_care(source.file, kind)


def _parquet_columns(database: Database, source: Source) -> list[tuple[str, str]]:
    try:
        check_amounts(database, literal(source.file), source.path)
        return database.execute(statement("reading/parquet_columns"), {"path": literal(source.file)}).fetchall()
    except DatabaseError as error:
        raise InvalidRequestError(
            f"{source.path} is not a Parquet file, or a cut one: {error}. Export it again."
        ) from error


def _read_parquet(database: Database, layout: Layout, sources: Sequence[Source]) -> None:
    name = "reading/read_strange_parquet" if layout.header_problem else "reading/read_parquet"
    files = {"paths": [literal(source.file) for source in sources], "files": [str(source.file) for source in sources]}
    try:
        lacking = ", ".join(f"NULL AS {column}" for column in {"schema_version", *dict(layout.told)})
        database.execute(statement(name).replace("{lacking}", lacking), files)
    except DatabaseError as error:
        shown = ", ".join(source.path for source in sources[:_MANY_PATHS])
        raise InvalidRequestError(f"Of {shown}, one is a damaged Parquet file: {error}. Export it again.") from error


def _suspects(database: Database, layout: Layout, sources: Sequence[Source]) -> list[Source]:
    """Return the files just read that hold something which only a reading line by line can tell."""
    if layout.format == "parquet":
        return []
    paths = [str(source.file) for source in sources]
    found = {path for (path,) in database.execute(statement("reading/suspect_files"), {"paths": paths}).fetchall()}
    return [source for source in sources if str(source.file) in found]


def _short(database: Database, layout: Layout, sources: Sequence[Source]) -> list[Source]:
    """Return those of several CSV files just read that came to fewer rows than they have lines under their header.

    Their values go over several lines, or DuckDB lost rows.
    """
    if layout.format != "csv" or len(sources) == 1:
        return []
    paths = [str(source.file) for source in sources]
    rows = dict(database.execute(statement("reading/count_arrived"), {"paths": paths}).fetchall())
    return [source for source in sources if rows.get(str(source.file), 0) < filled_lines(source.file) - 1]


def _read_line_by_line(database: Database, layout: Layout, sources: Sequence[Source], rules: Rules) -> None:
    with TemporaryDirectory() as scratch:
        rewritten = [_rewritten(source, Path(scratch)) for source in sources]
        parameters = {
            "paths": [str(one.path) for one in rewritten],
            "columns": dict.fromkeys(_REWRITTEN_COLUMNS, "VARCHAR"),
            "longest": max(_USUAL_LINE_BYTES, *(one.longest_line_bytes for one in rewritten)),
        }
        database.execute(statement("reading/read_rewritten"), parameters)
    _add_folder_columns(database, layout)
    _judge(database, layout, sources, rules, left_out=())


@dataclass(frozen=True)
class _Rewritten:
    path: Path
    longest_line_bytes: int
    """None is longer."""


def _rewritten(source: Source, folder: Path) -> _Rewritten:
    """Write every record of `source` as clean CSV, a broken line as a row that only has a reason."""
    path = folder / f"{source.file_id}.csv"
    longest = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for record in records_of(source):
            texts = [record.values.get(column) for column in EXPORT_COLUMNS]
            longest = max(longest, writer.writerow([record.reason, record.detail, *texts]))
    return _Rewritten(path, longest * _MOST_BYTES_A_CHARACTER)


def _judge(
    database: Database, layout: Layout, sources: Sequence[Source], rules: Rules, *, left_out: Sequence[Source]
) -> None:
    """Take what arrived from `sources`, but for those `left_out`, into the scratch table `judged`."""
    files = {
        "file_ids": [source.file_id for source in sources],
        "left_out": [source.file_id for source in left_out],
    }
    database.execute(statement("reading/count_rows"), files)
    database.execute(
        statement("reading/judge_rows"),
        {
            **files,
            "header_problem": layout.header_problem,
            "zone": rules.timezone,
            "strict_months": rules.strict_months,
        },
    )
