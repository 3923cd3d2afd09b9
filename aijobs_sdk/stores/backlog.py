"""What is at hand: the newest so many; the oldest are put away as others come."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from aijobs_sdk.contract.errors import StoreUnavailableError

log = logging.getLogger("aijobs.store")

AWAY_AT_ONCE = 100
"""Few enough to hold nobody up for long: some milliseconds."""

T = TypeVar("T")


class Backlog(Generic[T]):
    """Things in the order in which they came."""

    def __init__(self, at_hand: int, put_away: Callable[[Sequence[T]], None]) -> None:
        self._at_hand = at_hand
        self._put_away = put_away
        self._at_once = max(1, min(AWAY_AT_ONCE, at_hand))
        self._things: deque[T] = deque()
        self._too_many = at_hand + self._at_once

    def __iter__(self) -> Iterator[T]:
        return iter(self._things)

    def add(self, thing: T) -> None:
        """Add what came last."""
        self._things.append(thing)
        if len(self._things) >= self._too_many:
            self._put_oldest_away()

    def forget(self, gone: Collection[T]) -> None:
        """Take out what is not there any more."""
        self._things = deque(thing for thing in self._things if thing not in gone)

    def _put_oldest_away(self) -> None:
        oldest = list(islice(self._things, min(len(self._things) - self._at_hand, AWAY_AT_ONCE)))
        try:
            self._put_away(oldest)
        except StoreUnavailableError as full:
            log.warning("what is finished stays in memory for now: %s", full)
            self._too_many = len(self._things) + max(self._at_once, len(self._things) // 10)
            return
        for _ in oldest:
            self._things.popleft()
        self._too_many = self._at_hand + self._at_once
