"""What rows have failed of, counted as it happens: nobody has to read the rows for it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeAlias

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.notebook.snapshot import Cause

EXAMPLES = 5
"""So many rows of each cause are known by their numbers."""

Rows: TypeAlias = tuple[tuple[int, str], ...]
"""Index and message of each."""


class Causes:
    """Counts failed rows by the code of their error; what was added can be taken out again. Any thread may look."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._firsts: dict[str, Rows] = {}
        """The first rows of each cause; replaced and never changed, so that any thread sees all of them."""
        self._changes = 0
        self._told: tuple[int, tuple[Cause, ...]] = (0, ())
        """After how many changes this was so, and what."""

    def add(self, error: ErrorInfo, rows: Sequence[int]) -> None:
        """Count rows that failed of this, in their order."""
        code = error.code
        first = self._firsts.get(code, ())
        if len(first) < EXAMPLES or rows[0] < first[-1][0]:
            some = sorted([*first, *((row, error.message) for row in rows[:EXAMPLES])])
            self._firsts[code] = tuple(some[:EXAMPLES])
        self._counts[code] = self._counts.get(code, 0) + len(rows)
        self._changes += 1

    def take_out(self, error: ErrorInfo, rows: Sequence[int]) -> None:
        """Count them no more."""
        code = error.code
        self._counts[code] -= len(rows)
        if self._counts[code]:
            self._firsts[code] = tuple(one for one in self._firsts[code] if one[0] not in rows)
        else:
            del self._counts[code], self._firsts[code]
        self._changes += 1

    def told(self) -> tuple[Cause, ...]:
        """Return all of them, the most frequent first; the same object while nothing changed."""
        changes = self._changes  # read first: what is added meanwhile is told the next time
        if self._told[0] != changes:
            counts = list(self._counts.items())
            causes = [_cause(code, count, self._firsts.get(code, ())) for code, count in counts]
            self._told = (changes, tuple(sorted(causes, key=attrgetter("count"), reverse=True)))
        return self._told[1]


def _cause(code: str, count: int, first: Rows) -> Cause:
    message = first[0][1] if first else ""
    return Cause(code=code, count=count, message=message, examples=tuple(index + 1 for index, _ in first))
