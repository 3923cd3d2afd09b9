"""Usage rows written to CSV, in files that a spreadsheet can open."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.exports.staging import Staging

MAX_ROWS_PER_CSV = 10_000
MAX_BYTES_PER_CSV = 10_000_000


def write_csv(rows: Iterable[UsageRow], staging: Staging) -> None:
    """Write `rows` as UTF-8 CSV, starting a new file before a row would break a limit."""
    header = csv_line(EXPORT_COLUMNS)
    file = staging.next_file()
    size, count = file.write(header), 0
    for line in map(csv_line, map(export_values, rows)):
        if count == MAX_ROWS_PER_CSV or (count and size + len(line) > MAX_BYTES_PER_CSV):
            file = staging.next_file()
            size, count = file.write(header), 0
        size += file.write(line)
        count += 1


def csv_line(values: Iterable[str | int]) -> bytes:
    """Return one record of a CSV file, quoted where needed, with its line end."""
    text = io.StringIO(newline="")
    # The line end decides what is quoted: without the carriage return in it, one in a value would not be.
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n").encode() + b"\n"
