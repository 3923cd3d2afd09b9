"""How much of a limit comes back in a second, and how much there is when all is back: by what a provider says. Pure."""

from __future__ import annotations

from aijobs_sdk.contract.provider import Allowance

MINUTE_SECONDS = 60.0
TOO_SOON = 2.0
"""A limit that is back so many times as soon as one of a minute is no limit of a minute; less is rounding."""
FEWEST_BETWEEN = 10
"""Two answers that differ by less show no rate: what is left is told in whole numbers."""
ROUNDED = 1
"""By so much they may seem to differ too much: who is too fast is refused."""


class Refill:
    """Begins with what anybody takes a limit for: one of a minute."""

    def __init__(self, limit: float) -> None:
        self.per_second = limit / MINUTE_SECONDS
        self.most = limit
        """How much there is at once, when nothing is used."""
        self._fullest: Allowance | None = None
        """The answer that told of most."""
        self._shown = 0.0

    def learn(self, said: Allowance) -> None:
        """Believe the time until all is back, as a limit may be one of a day.

        One of 3,000 that will be back within a second, though all but 49 of it is used, is neither: it is enforced over
        less than a minute, as 50 a second, which OpenAI calls quantized. There two answers show how much comes back: by
        how much less one tells of, and how much later it is all back, than by the other.
        """
        limit = max(1.0, said.limit)
        self.per_second, self.most = limit / MINUTE_SECONDS, limit
        self._compare(said)
        used = limit - said.remaining
        if used <= 0 or not said.reset_seconds:
            return
        told = used / said.reset_seconds
        if told <= TOO_SOON * self.per_second:
            self.per_second = told
            return
        self.per_second = max(self.per_second, self._shown)
        self.most = min(limit, max(1.0, said.remaining + self.per_second * said.reset_seconds))

    def _compare(self, said: Allowance) -> None:
        fullest = self._fullest
        if fullest is None or said.limit != fullest.limit or said.remaining >= fullest.remaining:
            self._fullest = said
            return
        less, later = fullest.remaining - said.remaining, (said.reset_seconds or 0.0) - (fullest.reset_seconds or 0.0)
        if less >= FEWEST_BETWEEN and later > 0:
            self._shown = (less - ROUNDED) / later
