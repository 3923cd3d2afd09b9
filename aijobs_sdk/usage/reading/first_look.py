"""What the bytes of a text file tell without being read: its lines, how they end, and in which encoding it is."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Literal, TypeAlias

TextFormat: TypeAlias = Literal["csv", "jsonl"]

_SPACED_QUOTES = re.compile(b'" +"')
_CHUNK_BYTES = 1 << 20
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def needs_care(path: Path, kind: TextFormat) -> bool:
    """Return whether DuckDB would misread or give up on this file, so that it must be read line by line.

    It goes by the first line end it sees, takes a NUL for the end of a value, and reads on past `" "` in a quoted one.
    A line that is longer than its buffer it passes over without a word.
    """
    newlines = returns = both = 0
    end = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if chunk.endswith(b"\r"):
                chunk += file.read(1)
            if b"\0" in chunk or (kind == "csv" and _has_spaced_quotes(end + chunk)):
                return True
            if len(chunk) >= _CHUNK_BYTES and b"\n" not in chunk:
                return True
            end = chunk[chunk.rfind(b'"') :]
            newlines += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            both += chunk.count(b"\r\n")
    return returns > 0 and not returns == both == newlines


def _has_spaced_quotes(text: bytes) -> bool:
    return b'" ' in text and _SPACED_QUOTES.search(text) is not None  # the first is fast, and hardly ever so


def filled_lines(path: Path) -> int:
    """Return how many lines of a file have something on them."""
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip(b"\r\n"))


def ends_a_line(path: Path) -> bool:
    """Return whether any line of a file is ended."""
    with path.open("rb") as file:
        return file.readline().endswith(b"\n")


def foreign_encoding(path: Path) -> str | None:
    """Return in which encoding a file says it is, if not in UTF-8."""
    with path.open("rb") as file:
        beginning = file.read(4)
    return next((name for mark, name in _FOREIGN_MARKS.items() if beginning.startswith(mark)), None)
