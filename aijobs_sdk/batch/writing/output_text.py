"""Results as lines of text: JSON objects, or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from aijobs_sdk.batch.reading.cells import to_json, to_text
from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.writing.layout import Layout

_json = json.JSONEncoder(ensure_ascii=False, default=to_json).encode


def write_jsonl(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    """Write an object a line; a column that a row lacks is not in its object."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(_json(layout.record(row)) + "\n")


def write_csv(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    """Write a header and a line a row; nothing is an empty cell, and what has parts is JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, layout.names, restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: to_text(value) for name, value in layout.record(row).items()})
