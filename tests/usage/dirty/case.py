"""One dirty input: its files, byte for byte, and what must come of each row."""

from __future__ import annotations

from dataclasses import dataclass

from aijobs_sdk.usage.columns import USAGE_COLUMNS
from usage.usage_rows import Text, csv_record, text_row

HEADER = ",".join(USAGE_COLUMNS)


@dataclass(frozen=True)
class Dirty:
    """Files that are read in their order."""

    name: str
    files: dict[str, bytes]
    kept: int = 0
    duplicates: int = 0
    reasons: tuple[str, ...] = ()
    """Of the rows that are set aside, in order."""


@dataclass(frozen=True)
class Refused:
    """A file that no row can be read from."""

    name: str
    file: str
    content: bytes
    message: str


def record(number: int = 1, **changes: str) -> str:
    """Return one record of a CSV file, every value quoted."""
    return csv_record(text_row(number, **changes))


def csv_of(*records: str, header: str = HEADER, line_end: str = "\n") -> bytes:
    """Return a CSV file of these records."""
    return line_end.join([header, *records, ""]).encode()


def one_csv(name: str, *records: str, kept: int, reasons: tuple[str, ...] = (), duplicates: int = 0) -> Dirty:
    """Return the case of a CSV file with the usual header."""
    return Dirty(name, {"dirty.csv": csv_of(*records)}, kept, duplicates, reasons)


def between_good_ones(name: str, reason: str, **changes: str) -> Dirty:
    """Return the case of a CSV file in which one row of three is set aside."""
    return one_csv(name, record(1), record(9, **changes), record(2), kept=2, reasons=(reason,))


def good(name: str, **changes: str) -> Dirty:
    """Return the case of a row that looks strange, and is none the worse for it."""
    return one_csv(name, record(1), record(9, **changes), record(2), kept=3)


def text(number: int = 1, **changes: str) -> Text:
    """Return a valid row as text by column name."""
    return text_row(number, **changes)
