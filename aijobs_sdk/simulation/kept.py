"""What a simulated vendor keeps for its callers: the latest things, each known to the one that made it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
KEPT_THINGS = 1000
"""How many can still be looked at, over all callers: the oldest goes first."""


class _Thing(NamedTuple, Generic[T]):
    itself: T
    size: int


class Kept(Generic[T]):
    """Things by their owner and their id."""

    def __init__(self, *, at_most: int = KEPT_THINGS, most_bytes: int | None = None) -> None:
        self._at_most = at_most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._things: OrderedDict[tuple[str, str], _Thing[T]] = OrderedDict()

    def keep(self, owner: str, id_: str, thing: T, *, size: int = 0) -> None:
        """Keep one more, of that many bytes, in place of the oldest where there are too many."""
        self.forget(owner, id_)
        self._things[owner, id_] = _Thing(thing, size)
        self._bytes += size
        while self._is_too_much():
            self.forget(*next(iter(self._things)))

    def get(self, owner: str, id_: str) -> T | None:
        """Return what this owner has by this id."""
        found = self._things.get((owner, id_))
        return None if found is None else found.itself

    def forget(self, owner: str, id_: str) -> T | None:
        """Return what this owner had by this id, and keep it no more."""
        found = self._things.pop((owner, id_), None)
        if found is None:
            return None
        self._bytes -= found.size
        return found.itself

    def newest_first(self, owner: str) -> Iterator[T]:
        """Return all that this owner has."""
        return (thing.itself for (one, _), thing in reversed(self._things.items()) if one == owner)

    def _is_too_much(self) -> bool:
        return len(self._things) > self._at_most or (self._most_bytes is not None and self._bytes > self._most_bytes)
