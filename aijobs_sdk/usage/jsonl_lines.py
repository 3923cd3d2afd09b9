"""JSONL read line by line, each number as it was written: a float would lose digits of an amount."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from aijobs_sdk.usage.columns import USAGE_COLUMNS
from aijobs_sdk.usage.lines import Line, Lines, Record


def jsonl_records(path: Path) -> Iterator[Record]:
    """Yield every record, in order; blank lines are none."""
    with path.open("rb") as file:
        for line in Lines(file):
            if line.text.strip():
                yield _record(line)


def _record(line: Line) -> Record:
    values = None if line.problem else _values(line.text)
    if values is None:
        detail = line.problem or "the line is not a JSON object"
        return Record(line.number, line.shown, reason="broken_line", detail=detail)
    missing = [column for column in USAGE_COLUMNS if column not in values]
    if missing:
        detail = f"the row has no {', '.join(missing)}"
        return Record(line.number, line.shown, reason="missing_columns", detail=detail)
    return Record(line.number, line.shown, values)


def _values(text: str) -> dict[str, str] | None:
    """Return the values of a JSON object as text; None if `text` is not one."""
    try:
        values = json.loads(text, parse_float=str, parse_int=str)
        if not isinstance(values, dict):
            return None
        if isinstance(values.get("metadata"), dict):
            values["metadata"] = json.loads(text)["metadata"]  # numbers inside it stay numbers
        return {name: _text(value) for name, value in values.items()}
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
