"""What rows have failed of, counted as it happens: nobody has to read the rows for it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.notebook.snapshot import Cause

EXAMPLES = 5
"""So many rows of each cause are known by their numbers."""


class Causes:
    """Counts failed rows by the code of their error; what was added can be taken out again. Any thread may look."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._firsts: dict[str, _First] = {}
        self._changes = 0
        self._told: tuple[int, tuple[Cause, ...]] = (0, ())
        """After how many changes this was so, and what."""

    def add(self, error: ErrorInfo, rows: Sequence[int]) -> None:
        """Count rows that failed of this, in their order."""
        code = error.code
        first = self._firsts.get(code)
        if first is None or len(first.rows) < EXAMPLES or rows[0] < first.rows[-1][0]:
            known = first or _First(error.category, ())
            some = sorted([*known.rows, *((row, error.message) for row in rows[:EXAMPLES])])
            self._firsts[code] = _First(known.category, tuple(some[:EXAMPLES]))
        self._counts[code] = self._counts.get(code, 0) + len(rows)
        self._changes += 1

    def take_out(self, error: ErrorInfo, rows: Sequence[int]) -> None:
        """Count them no more."""
        code = error.code
        self._counts[code] -= len(rows)
        if self._counts[code]:
            first = self._firsts[code]
            self._firsts[code] = _First(first.category, tuple(one for one in first.rows if one[0] not in rows))
        else:
            del self._counts[code], self._firsts[code]
        self._changes += 1

    def told(self) -> tuple[Cause, ...]:
        """Return all of them, the most frequent first; the same object while nothing changed."""
        changes = self._changes  # read first: what is added meanwhile is told the next time
        if self._told[0] != changes:
            counts = list(self._counts.items())
            causes = [_cause(code, count, first) for code, count in counts if (first := self._firsts.get(code))]
            self._told = (changes, tuple(sorted(causes, key=attrgetter("count"), reverse=True)))
        return self._told[1]


class _First(NamedTuple):
    """The first rows of a cause. It is replaced and never changed, so that any thread sees a whole one."""

    category: str
    rows: tuple[tuple[int, str], ...]
    """Index and message."""


def _cause(code: str, count: int, first: _First) -> Cause:
    return Cause(
        code=code,
        category=first.category,
        count=count,
        message=first.rows[0][1] if first.rows else "",
        examples=tuple(index + 1 for index, _ in first.rows),
    )
