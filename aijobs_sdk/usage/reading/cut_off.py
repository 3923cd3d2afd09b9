"""Whether a CSV file may have been cut within its last value: a part of an amount or a name is one as well."""

from __future__ import annotations

import re
from pathlib import Path

from aijobs_sdk.usage.columns import EXPORT_COLUMNS

_TAIL_BYTES = 1 << 16
_LINE_ENDS = ("\n", "\r")
_TO_THE_SECOND = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_WHOLE = {
    "id": r".{36}",
    "credits_used": r"\d*\.\d{6,}",
    "metadata": r".+",  # a part of an object is none, and set aside as that
    "month_year": r"\d{4}-\d\d",
    "created_at": rf"{_TO_THE_SECOND}|.+(Z|UTC|[+-]\d\d:?\d\d)",
    "schema_version": r".+",
}
"""By column, the values that nothing can follow. Numbers of tokens and names may always go on."""


def last_value(end: str) -> str | None:
    """Return the value that a file ends in; None: a line end or a quote says where it ends."""
    return None if end.endswith((*_LINE_ENDS, '"')) else end.rpartition(",")[2].strip(" ")


def may_go_on(column: str, value: str) -> bool:
    """Return whether `value` may be the beginning of another one; in a column that is not read, it does not matter."""
    return column in EXPORT_COLUMNS and re.fullmatch(_WHOLE.get(column, "(?!)"), value) is None


def may_be_cut(path: Path, last_column: str) -> bool:
    """Return whether the file ends in a value that may go on."""
    value = open_value(path)
    return value is not None and may_go_on(last_column, value)


def open_value(path: Path) -> str | None:
    """Return the value that a file ends in, as `last_value` does of its end."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return last_value(file.read().decode(errors="replace"))
