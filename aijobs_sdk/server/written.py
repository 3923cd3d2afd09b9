"""Facts as JSON for an answer that is never much larger than a request may be, however long each of them is."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel
from pydantic_core import to_json

_FIRST, _MOST = 10, 200
"""So many are asked for while nobody knows how long they are, and at most at once."""


class Written:
    """A list that grows until it is enough for one answer; the last one may be more than fits."""

    def __init__(self, *, enough_bytes: int, limit: int) -> None:
        self._enough_bytes = enough_bytes
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def is_enough(self) -> bool:
        """Whether no more are to be added: they are too long, or as many as were asked for."""
        return self._size >= self._enough_bytes or len(self) >= self._limit

    def add(self, facts: Iterable[BaseModel]) -> int:
        """Add these until it is enough, and return how many were."""
        before = len(self)
        for fact in facts:
            if self.is_enough:
                break
            self._parts.append(to_json(fact))
            self._size += len(self._parts[-1])
        return len(self) - before

    def take_back(self, count: int) -> None:
        """Take out the last ones."""
        kept = len(self) - count
        self._size -= sum(map(len, self._parts[kept:]))
        del self._parts[kept:]

    def room(self) -> int:
        """Return how many more to ask for, as long as those that are here; at least one."""
        fitting = (self._enough_bytes - self._size) * len(self) // self._size if self._size else _FIRST
        return max(1, min(fitting, self._limit - len(self), _MOST))

    def json(self) -> bytes:
        """Return the list."""
        return b"[%s]" % b",".join(self._parts)
