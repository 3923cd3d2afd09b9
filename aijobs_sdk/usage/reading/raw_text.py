"""The raw text of rows that were set aside, and the line it starts in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from aijobs_sdk.usage.reading.arrivals import literal, records_of
from aijobs_sdk.usage.reading.first_look import filled_lines
from aijobs_sdk.usage.reading.jsonl_lines import is_blank
from aijobs_sdk.usage.reading.lines import Line, Lines
from aijobs_sdk.usage.reading.local_copy import Source
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database

_ROWS_AT_ONCE = 10_000  # bounds the text that Python holds of a file that is bad from top to bottom


def note_raw_text(database: Database, sources: Sequence[Source]) -> None:
    """Fill the scratch table `raw_line` for every row in `aside`."""
    by_id = {source.file_id: source for source in sources}
    for file_id, rows, rows_read in database.execute(statement("reading/aside_rows")).fetchall():
        found = _raw_text(database, by_id[file_id], rows, rows_read)
        while part := list(islice(found, _ROWS_AT_ONCE)):
            rows_found, lines, raws = zip(*part, strict=True)
            database.execute(
                statement("reading/note_raw_lines"),
                {"file_id": file_id, "rows": list(rows_found), "lines": list(lines), "raws": list(raws)},
            )


def _raw_text(database: Database, source: Source, rows: list[int], rows_read: int) -> Iterator[tuple[int, int, str]]:
    """Yield (row, line, raw text) for each of `rows`; a row of a Parquet file is its own line."""
    if source.format == "parquet":
        parameters = {"path": literal(source.file), "rows": rows}
        for row, raw in database.execute(statement("reading/parquet_rows"), parameters).fetchall():
            yield row, row, raw
        return
    wanted = set(rows)
    places = _lines(source) if _is_a_row_a_line(source, rows_read) else _records(source)
    for row, (line, raw) in enumerate(islice(places, max(rows)), start=1):
        if row in wanted:
            yield row, line, raw


def _is_a_row_a_line(source: Source, rows_read: int) -> bool:
    """Return whether no row of a text file spans several lines, so that it need not be parsed to find one."""
    if source.format == "jsonl":
        return True
    # A row over several lines has at least two that are not blank: its first and its last.
    return filled_lines(source.file) == rows_read + 1


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    with source.file.open("rb") as file:
        lines = (line for line in Lines(file) if not _is_blank(source, line))
        if source.format == "csv":
            next(lines)  # the header
        for line in lines:
            yield line.number, line.shown


def _is_blank(source: Source, line: Line) -> bool:
    return is_blank(line) if source.format == "jsonl" else not line.text.strip("\r\n")


def _records(source: Source) -> Iterator[tuple[int, str]]:
    for record in records_of(source):
        yield record.line, record.raw
