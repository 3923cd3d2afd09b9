"""What the bytes of a text file tell before it is read: how its lines end, and in which encoding it is."""

from __future__ import annotations

import codecs
from pathlib import Path

_CHUNK_BYTES = 1 << 20
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def needs_care(path: Path) -> bool:
    """Return whether DuckDB would misread or give up on this file, so that it must be read line by line.

    It goes by the first line end it sees, and takes a NUL for the end of a value.
    """
    newlines = returns = both = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if chunk.endswith(b"\r"):
                chunk += file.read(1)
            if b"\0" in chunk:
                return True
            newlines += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            both += chunk.count(b"\r\n")
    return returns > 0 and not returns == both == newlines


def foreign_encoding(path: Path) -> str | None:
    """Return in which encoding a file says it is, if not in UTF-8."""
    with path.open("rb") as file:
        beginning = file.read(4)
    return next((name for mark, name in _FOREIGN_MARKS.items() if beginning.startswith(mark)), None)
