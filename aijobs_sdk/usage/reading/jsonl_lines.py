"""JSONL read line by line, each number as it was written: a float would lose digits of an amount."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from aijobs_sdk.usage.columns import USAGE_COLUMNS
from aijobs_sdk.usage.reading.lines import Line, Lines, Record


def jsonl_records(path: Path, *, told: Collection[str] = ()) -> Iterator[Record]:
    """Yield every record, in order; blank lines are none. A column that is `told` otherwise need not be there."""
    with path.open("rb") as file:
        for line in Lines(file):
            if not is_blank(line):
                yield _record(line, told)


def is_blank(line: Line) -> bool:
    """Return whether there is nothing on the line; what else Unicode calls space is no space in JSON."""
    return not line.text.strip(" \t\r\n")


class _Ambiguous(dict[str, object]):
    """A JSON object in which a key is there twice: which of its values counts nobody can tell."""


def _record(line: Line, told: Collection[str]) -> Record:
    row = None if line.problem else _row(line.text)
    if row is None:
        detail = line.problem or "the line is not a JSON object"
        return Record(line.number, line.shown, reason="broken_line", detail=detail)
    missing = [column for column in USAGE_COLUMNS if column not in row and column not in told]
    if missing or isinstance(row, _Ambiguous):
        detail = f"the row has no {', '.join(missing)}" if missing else "the row has a column more than once"
        return Record(line.number, line.shown, reason="missing_columns", detail=detail)
    return Record(line.number, line.shown, {name: _text(value) for name, value in row.items()})


def _row(text: str) -> dict[str, object] | None:
    """Return the JSON object that `text` is, numbers as text; None if it is none."""
    try:
        row = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_object)
        if isinstance(row, dict) and isinstance(row.get("metadata"), dict):
            row["metadata"] = json.loads(text)["metadata"]  # numbers inside it stay numbers
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else _Ambiguous(values)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
