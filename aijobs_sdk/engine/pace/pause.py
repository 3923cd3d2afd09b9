"""The time in which a provider is left alone, and how calls come back after it. Pure."""

from __future__ import annotations

RETURN_SHARE = 0.1
"""Calls come back over this share of the pause, so that they are not all there in one instant."""
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 30.0
"""How long to leave a provider alone that refuses all and does not say for how long; it doubles."""


class Pause:
    """Over, unless a provider asked for one, or refuses all that it is asked."""

    def __init__(self) -> None:
        self._until = 0.0
        self._all_back_at = 0.0
        self._next_at = 0.0
        self._gap_seconds = 0.0
        self._in_a_row = 0
        """Refusals, one an episode, since the last answer."""

    def seconds_left(self, now: float) -> float:
        """Return how long nobody is let through at all."""
        return max(0.0, self._until - now)

    def wait(self, now: float) -> float:
        """Return the seconds until the next call may begin."""
        if now >= self._all_back_at:
            return 0.0
        return max(0.0, self._until - now, self._next_at - now)

    def began(self, now: float) -> None:
        """Take in that a call begins."""
        if now < self._all_back_at:
            self._next_at = now + self._gap_seconds

    def begin(self, seconds: float, now: float, *, calls: int) -> None:
        """Let nobody through for so long; about so many calls then come back."""
        if now + seconds <= self._until:
            return
        spread_seconds = RETURN_SHARE * seconds
        self._until = self._next_at = now + seconds
        self._all_back_at = self._until + spread_seconds
        self._gap_seconds = spread_seconds / calls

    def refused(self, now: float) -> None:
        """Take in an episode of refusals without a word of how long to wait: the second in a row pauses."""
        self._in_a_row += 1
        if self._in_a_row > 1:
            seconds = FIRST_SECONDS * 2.0 ** min(self._in_a_row - 2, 10)
            self.begin(min(seconds, LONGEST_SECONDS), now, calls=1)

    def answered(self) -> None:
        """Take in that a call was answered."""
        self._in_a_row = 0
