"""How many calls a second a provider bears that does not say so: learned from the calls it refuses. Pure.

Whenever it refuses one, its own bucket is empty. So what it took between two refusals is what it refilled meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple

SHORTEST_SECONDS = 0.5
FEWEST_CALLS = 10
"""What lies between two refusals is measured from this on; less is mostly chance."""
BELOW = 0.95
"""The share of what was measured at which to go on: the rest refills the provider's bucket."""
LARGEST_CUT = 0.7
LEAST_CUT = 0.97
GROWTH = 0.0005
"""By how much each call that is answered raises it: 5 % in a hundred calls."""
FASTER_AFTER_CALLS = 500.0
"""After so many calls without a refusal it grows twice as fast, and so on: the limit was raised."""
AT_ONCE_SECONDS = 0.05
"""A turn that comes late by no more than this is made up for."""


class _Empty(NamedTuple):
    """A moment at which the provider had nothing left."""

    at: float
    taken: int
    """Calls that it had taken until then."""


class SendingRate:
    """Unknown until the second refusal; then probes slowly upwards."""

    def __init__(self) -> None:
        self.per_second: float | None = None
        self._refused = 0
        self._empty: _Empty | None = None
        self._next_at = 0.0
        self._calls_since_cut = 0
        self._pressed = False

    def wait(self, now: float) -> float:
        """Return the seconds until the next call may begin."""
        if self.per_second is None or self._next_at <= now:
            return 0.0
        self._pressed = True
        return self._next_at - now

    def began(self, now: float) -> None:
        """Take in that a call begins."""
        if self.per_second is not None:
            self._next_at = max(self._next_at, now - AT_ONCE_SECONDS) + 1.0 / self.per_second

    def starved(self) -> None:
        """Take in that nobody waits: what is sent now is not all that would be taken."""
        self._empty = None
        self._pressed = False

    def answered(self) -> None:
        """Take in that a call was answered."""
        self._calls_since_cut += 1
        if self.per_second is not None and self._pressed:
            self.per_second *= 1.0 + GROWTH * (1.0 + self._calls_since_cut / FASTER_AFTER_CALLS)

    def refused(self, call: int, *, began_at: float, is_news: bool) -> None:
        """Take in that a call, by its number, was refused; it `is_news` for the first one of an episode."""
        self._refused += 1
        empty = _Empty(began_at, call - self._refused)
        if self._empty is None:
            self._empty = empty
        measured = _measured(self._empty, empty)
        if measured is not None:
            self._empty = empty
        if is_news:
            self._cut(measured)

    def _cut(self, measured: float | None) -> None:
        self._calls_since_cut = 0
        now = self.per_second
        if now is None:
            self.per_second = None if measured is None else BELOW * measured
            return
        wanted = LEAST_CUT * now if measured is None else BELOW * measured
        self.per_second = min(max(wanted, LARGEST_CUT * now), LEAST_CUT * now)


def _measured(earlier: _Empty, later: _Empty) -> float | None:
    seconds, calls = later.at - earlier.at, later.taken - earlier.taken
    return calls / seconds if seconds >= SHORTEST_SECONDS and calls >= FEWEST_CALLS else None
