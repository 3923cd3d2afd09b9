"""Which row is sent next: a lane for each model, so that a slow one does not hold back a fast one."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping

FIRST_WINDOW = 16
"""Rows that a model gets before it has answered one: a wrong key or an empty account costs no more than these calls.
One that has answered before, where the batch runs, gets as many as it was found to take."""


class Lane:
    """The rows of one model that were not sent yet, in their order."""

    def __init__(self, model: str, most: int) -> None:
        self.model = model
        self.most = most
        """Rows of this model under way at the same time."""
        self.in_flight = 0
        self.has_answered = False
        self.first = FIRST_WINDOW
        """How many may be under way until it has."""
        self.rests_until = 0.0
        """By the loop's time: a rate limit keeps it from being asked before."""
        self._rows = array("q")
        self._next = 0
        self._again: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._rows) - self._next + len(self._again)

    @property
    def window(self) -> int:
        """How many rows may be under way now."""
        return self.most if self.has_answered else min(self.most, self.first)

    def add(self, index: int) -> None:
        """Let a row wait behind the others."""
        self._rows.append(index)

    def put_back(self, index: int) -> None:
        """Let a row that was taken be the next."""
        self._again.appendleft(index)

    def take(self) -> int:
        """Return the next row."""
        self.in_flight += 1
        if self._again:
            return self._again.popleft()
        self._next += 1
        return self._rows[self._next - 1]

    def rest(self, until: float) -> None:
        """Send nothing before this instant, by the loop's time."""
        self.rests_until = max(self.rests_until, until)

    def let_go(self) -> None:
        """Note that a row that was taken is under way no more."""
        self.in_flight -= 1

    def may_send(self, now: float) -> bool:
        """Return whether a row may be sent now."""
        return bool(len(self)) and self.in_flight < self.window and now >= self.rests_until


class Lanes:
    """The lanes of a run."""

    def __init__(self, concurrency: int | Mapping[str, int]) -> None:
        self._concurrency = concurrency
        self._lanes: dict[str, Lane] = {}

    def of(self, model: str) -> Lane:
        """Return the lane of a model."""
        lane = self._lanes.get(model)
        if lane is None:
            most = self._concurrency if isinstance(self._concurrency, int) else self._concurrency.get(model)
            lane = self._lanes[model] = Lane(model, most or self.total)
        return lane

    def begin_with(self, rooms: Mapping[str, int]) -> None:
        """Take in how many calls each model was found to take, of those that were asked before."""
        for model, room in rooms.items():
            if (lane := self._lanes.get(model)) is not None:
                lane.first = max(lane.first, room)

    @property
    def total(self) -> int:
        """Rows under way at the same time, over all models."""
        given = self._concurrency
        return given if isinstance(given, int) else sum(given.values())

    @property
    def waiting(self) -> int:
        """Rows that were not sent yet."""
        return sum(len(lane) for lane in self._lanes.values())

    def next(self, now: float) -> Lane | None:
        """Return the lane whose turn it is: of those that may send, the one with the fewest rows under way."""
        free = [lane for lane in self._lanes.values() if lane.may_send(now)]
        return min(free, key=_in_flight, default=None)

    def seconds_to_next(self, now: float) -> float | None:
        """Return when a resting lane may send again; None where none rests."""
        rests = [lane.rests_until - now for lane in self._lanes.values() if len(lane) and lane.rests_until > now]
        return min(rests, default=None)


def _in_flight(lane: Lane) -> int:
    return lane.in_flight
