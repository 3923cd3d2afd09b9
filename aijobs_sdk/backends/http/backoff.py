"""How long is paused before a server is asked once more."""

from __future__ import annotations

from collections.abc import Callable

Chance = Callable[[], float]
"""Draws a number from 0 to 1."""

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 5.0


class Backoff:
    """Pauses that grow from try to try, each drawn from all of its range.

    "Full jitter", AWS Architecture Blog, "Exponential Backoff And Jitter".
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._most = FIRST_SECONDS

    def next_seconds(self) -> float:
        """Return how long to pause now."""
        most, self._most = self._most, min(LONGEST_SECONDS, self._most * 2)
        return most * self._chance()

    def reset(self) -> None:
        """Begin with short pauses again: something went well."""
        self._most = FIRST_SECONDS


class PollPauses:
    """Pauses between two looks at a job: two to three times the last one, from 0.25 to 5 seconds.

    Never less than double, so that a job of three seconds is looked at three times at most.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._last = FIRST_SECONDS

    def next_seconds(self) -> float:
        """Return how long to pause now."""
        most = min(LONGEST_SECONDS, self._last * 3)
        least = min(LONGEST_SECONDS / 2, self._last * 2)
        self._last = least + (most - least) * self._chance()
        return self._last
