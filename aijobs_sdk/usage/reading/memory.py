"""Rows in memory, such as `client.usage()`, made into files to be read like any other."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.reading.exports import Export

_ROWS_PER_FILE = 10_000


def exports_of_rows(rows: Iterable[UsageRow], spool: Path) -> Iterator[Export]:
    """Yield files in `spool` that hold `rows`, 10,000 each, written when asked for.

    They are named by a digest of what is in them, so that the same rows in the same order are the same files.
    """
    remaining = iter(rows)
    number = 0
    while part := list(islice(remaining, _ROWS_PER_FILE)):
        file = spool / f"{number}.csv"
        _write(part, file)
        name = f"rows {hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
        yield Export(name, name, "csv", file.stat().st_size, bring=partial(_moved, file))
        number += 1


def _write(rows: Iterable[UsageRow], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EXPORT_COLUMNS)
        writer.writerows(map(export_values, rows))


def _moved(file: Path, folder: Path) -> Path:
    """Move the file to those that are read together, with which it is deleted."""
    return file.rename(folder / file.name)
