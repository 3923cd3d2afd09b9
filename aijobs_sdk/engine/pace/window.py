"""How many calls may be under way at a time, found out by asking. Pure.

Slow start, then additive increase and multiplicative decrease, as TCP does it: Jacobson, "Congestion Avoidance and
Control", 1988.
"""

from __future__ import annotations

USED = 0.8
"""Only a window that is used to this share grows: what nobody asks for says nothing. It is by calls that were under way
together, as answers may come so close to each other that the next call finds few of them left."""
DECREASE = 0.7
FASTER = 4.0
"""How many times as many calls the next round trip has room for, until one is refused. TCP doubles, in milliseconds; a
round trip of ours is an answer of seconds, and what is sent too much is refused before it costs anything."""


class Window:
    """Grows fast with each round trip until a provider has enough, then creeps up and is cut back."""

    def __init__(self, first: int, most: int | None) -> None:
        self.in_flight = 0
        self._first = first
        self._size = float(first)
        self._most = float("inf") if most is None else float(most)
        self._opening = True
        self._used_by = 0
        """The last call that found the window used as it began: all that were under way then have used it."""
        self._cut_at = 0
        """The last call that had begun when it was cut."""

    @property
    def size(self) -> int:
        """How many calls it has room for."""
        return int(min(self._size, self._most))

    @property
    def is_full(self) -> bool:
        """Whether another call has to wait for one of those under way."""
        return self.in_flight >= self.size

    def begin(self, call: int) -> None:
        """Take in that the call of this number begins."""
        self.in_flight += 1
        if self.in_flight >= USED * self._size:
            self._used_by = call

    def grow(self, call: int) -> None:
        """Take in that a call was answered."""
        if call <= self._used_by and self._size < self._most:
            self._size += FASTER - 1.0 if self._opening else 1.0 / self._size

    def open_to(self, calls: float) -> None:
        """Have room for so many at once: the provider says so. Not after it once had enough."""
        if self._opening:
            self._size = max(self._size, calls)

    def cut(self, call: int, *, begun: int, at_least: float) -> bool:
        """Take in that a call was too many, and return whether that is news: one cut for all that were under way.

        `call` is its number, `begun` that of the newest.
        """
        if call <= self._cut_at:
            return False
        self._cut_at = begun
        self._opening = False
        used = min(self._size, max(self.in_flight, self._first))  # what a provider says opens it further than is used
        self._size = max(1.0, at_least, DECREASE * used)
        return True
