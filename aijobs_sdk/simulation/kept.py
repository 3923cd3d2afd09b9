"""What a simulated vendor keeps for its callers: the latest things, each known to the one that made it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT_THINGS = 1000
"""How many can still be looked at, over all callers: the oldest goes first."""


class Kept(Generic[T]):
    """Things by their owner and their id."""

    def __init__(self, *, at_most: int = KEPT_THINGS) -> None:
        self._at_most = at_most
        self._things: OrderedDict[tuple[str, str], T] = OrderedDict()

    def keep(self, owner: str, id_: str, thing: T) -> None:
        """Keep one more, in place of the oldest where there are too many."""
        self._things[owner, id_] = thing
        while len(self._things) > self._at_most:
            self._things.popitem(last=False)

    def get(self, owner: str, id_: str) -> T | None:
        """Return what this owner has by this id."""
        return self._things.get((owner, id_))

    def forget(self, owner: str, id_: str) -> T | None:
        """Return what this owner had by this id, and keep it no more."""
        return self._things.pop((owner, id_), None)

    def newest_first(self, owner: str) -> Iterator[T]:
        """Return all that this owner has."""
        return (thing for (one, _), thing in reversed(self._things.items()) if one == owner)
