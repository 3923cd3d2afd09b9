"""One limit of a provider, as a bucket that refills all the time. Pure: whoever asks says what time it is."""

from __future__ import annotations

from typing import NamedTuple

from aijobs_sdk.contract.provider import Allowance
from aijobs_sdk.engine.pace.refill import Refill

ROUNDING = 1e-6
"""Of a request or a token: whoever waits exactly as long as it was told is let through."""
RESERVE = 0.01
"""The share of a provider's limit that is left to it: its clock is another, and a call may come a little early. It is
left once; what comes back is used all the same."""
LATE_SECONDS = 0.002
"""So much later than reckoned is a turn that was waited for, where the reserve is all there is: the clocks differ."""
MEMORY = 0.95
"""How much what was learned before counts beside what is learned now."""
LEAST_WEIGHT, MOST_WEIGHT = 0.05, 1.25


class _Said(NamedTuple):
    left: float
    at: float
    sent: float


class Weight:
    """What a provider takes off its limit for what we count: an estimate, or more than is used in the end."""

    def __init__(self) -> None:
        self.share = 1.0
        self._taken = self._counted = 0.0

    def learn(self, taken: float, counted: float) -> None:
        """Take in how much was taken off while we counted so much; the newest weighs most."""
        if counted <= 0 or taken < 0:
            return
        self._taken = MEMORY * self._taken + taken
        self._counted = MEMORY * self._counted + counted
        self.share = min(max(self._taken / self._counted, LEAST_WEIGHT), MOST_WEIGHT)


class Bucket:
    """How much of one limit is left, as far as this process can tell."""

    def __init__(self, limit: float, *, now: float, weight: Weight | None = None) -> None:
        self._refill = Refill(limit)
        self._left = limit
        self._at = now
        self._weight = weight
        """None: all that we count is taken off, as it is for requests."""
        self._said: _Said | None = None

    def left(self, now: float) -> float:
        """Return how much there is; below 0 where more was taken than there turned out to be."""
        return min(self._refill.most, self._left + self._refill.per_second * (now - self._at))

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until so much is there, 0 where it is; more than the limit needs all of it."""
        return self._seconds_for(min(self.weighed(amount), self._refill.most), now)

    def wait_for_all(self, amount: float, now: float) -> float:
        """Return the seconds until so much has come in all, 0 where it is there, whether or not it finds room."""
        return self._seconds_for(self.weighed(amount), now)

    def take(self, amount: float, now: float) -> None:
        """Take so much out, or put it back where it is below 0."""
        self._left = self.left(now) - self.weighed(amount)
        self._at = now

    def weighed(self, amount: float) -> float:
        """Return what is taken off for so much."""
        return amount if self._weight is None else amount * self._weight.share

    def learn(self, said: Allowance, *, said_at: float, sent: float, sent_since: float, now: float) -> None:
        """Believe what the provider had left at that time, when so much was sent in all, before so much more was."""
        if self._weight is not None and self._said is not None and said.remaining < said.limit:
            before = self._said
            taken = before.left + self._refill.per_second * (said_at - before.at) - said.remaining
            self._weight.learn(taken, sent - before.sent)
        self._said = _Said(said.remaining, said_at, sent)
        self._refill.learn(said)
        self._left, self._at = said.remaining - RESERVE * self._refill.most, said_at
        self.take(sent_since, now)

    def _seconds_for(self, amount: float, now: float) -> float:
        missing = amount - self.left(now)
        return 0.0 if missing <= ROUNDING else missing / self._refill.per_second + LATE_SECONDS
