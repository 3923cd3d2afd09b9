"""The lines of a text file, and the records read from them one by one.

DuckDB reads whole files at once, and fast. `csv_lines` and `jsonl_lines` take over where that is not enough: they know
the line and the raw text of each record, and let a broken line cost only itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.usage.columns import MOST_METADATA

LONGEST_LINE = 2 * MOST_METADATA + 1_000_000
"""In characters: what any row of ours has room in, however its metadata are escaped."""


@dataclass(frozen=True)
class Record:
    """One record of a text file, or one line of it that is none."""

    line: int
    """Where it starts; the first line of the file is 1."""
    raw: str
    values: dict[str, str] = field(default_factory=dict)
    """Text by column name; empty for a record that cannot be read."""
    reason: str | None = None
    """Why it cannot be read: `broken_line` or `missing_columns`."""
    detail: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of a file, with its line end. Bytes that are not UTF-8 are lone surrogates in `text`."""

    number: int
    text: str

    @property
    def problem(self) -> str | None:
        """Why no record can be read from it, whatever the format."""
        if not is_whole(self.text):
            return "the line is not UTF-8"
        return f"the line is longer than {LONGEST_LINE:,} characters" if len(self.text) > LONGEST_LINE else None

    @property
    def shown(self) -> str:
        """The text without its line end, fit to be stored."""
        return self.text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="backslashreplace")


class Lines:
    """The lines of a file in order; some may be pushed back to be read again."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self._fresh = (Line(number, _decoded(line, number)) for number, line in enumerate(file, start=1))
        self._pushed_back: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._pushed_back.popleft() if self._pushed_back else next(self._fresh)

    def push_back(self, lines: Sequence[Line]) -> None:
        """Make `lines` the next ones."""
        self._pushed_back.extendleft(reversed(lines))


def _decoded(line: bytes, number: int) -> str:
    return line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")
