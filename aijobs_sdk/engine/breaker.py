"""The circuit breaker of one provider: whether it may be asked now. Pure: whoever asks says what time it is.

Why a count over a window, and these numbers: docs/decisions/0012-a-breaker-counts-failures-in-a-window.md.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from aijobs_sdk.contract.health import BreakerState
from aijobs_sdk.engine.limits import BreakerLimits


class Verdict(StrEnum):
    """What the end of a call says about the provider."""

    ANSWERED = "answered"
    BROKEN = "broken"
    NOTHING = "nothing"
    """The call was refused for its own sake, or nobody stayed for the answer."""


class Permit(NamedTuple):
    """The right to make one call, to be reported on when it has ended."""

    period: int
    """Each change of state begins another: what was asked in an earlier one says nothing about now."""
    given_at: datetime


class Refusal(NamedTuple):
    """No call now."""

    wait_seconds: float
    """Until the provider is tried again, or, while that is being done, until it has most likely been."""
    spread_seconds: float
    """Over this time after it those who wait should come back: the longer an outage, the more they are."""
    open_seconds: float
    """Since it opened, however often it was tried since."""


class _Ending(NamedTuple):
    at: datetime
    failed: bool


class Breaker:
    """Closed until too many recent calls failed; then open for a while, then half open until a probe has decided."""

    def __init__(self, limits: BreakerLimits) -> None:
        self.state = BreakerState.CLOSED
        self.retry_at: datetime | None = None
        """When it is half open at the earliest; None unless it is open."""
        self.failures = 0
        """Among the recent calls; while it is not closed, among those that opened it."""
        self._limits = limits
        self._period = 0
        self._recent: deque[_Ending] = deque(maxlen=limits.window_calls)
        self._probes: list[Permit] = []
        self._wait_seconds = 0.0
        """How long it was open last; 0 once it was closed."""
        self._opened_at: datetime

    def refusal(self, now: datetime) -> Refusal | None:
        """Return how long to wait while it is open; None where a call has a chance."""
        if self.retry_at is None:
            return None
        wait_seconds = (self.retry_at - now).total_seconds()
        if 0 < wait_seconds <= self._wait_seconds:  # longer: the clock was set back
            return self._refusal(wait_seconds, now)
        return None

    def admit(self, now: datetime) -> Permit | Refusal:
        """Return the permit for a call, or how long to wait."""
        if refusal := self.refusal(now):
            return refusal
        if self.retry_at is not None:
            self._enter(BreakerState.HALF_OPEN)
        permit = Permit(self._period, now)
        if self.state is BreakerState.HALF_OPEN:
            oldest = now - timedelta(seconds=self._limits.probe_seconds)
            self._probes = [probe for probe in self._probes if probe.given_at > oldest]
            if len(self._probes) >= self._limits.probes:
                return self._refusal(self._wait_seconds, now)
            self._probes.append(permit)
        return permit

    def report(self, permit: Permit, verdict: Verdict, now: datetime) -> None:
        """Take in how a permitted call ended."""
        if permit.period != self._period:
            return
        if self.state is BreakerState.CLOSED:
            self._count(verdict, now)
        else:
            self._judge(permit, verdict, now)

    def _refusal(self, wait_seconds: float, now: datetime) -> Refusal:
        return Refusal(wait_seconds, self._wait_seconds, (now - self._opened_at).total_seconds())

    def _count(self, verdict: Verdict, now: datetime) -> None:
        if verdict is Verdict.NOTHING:
            return
        is_broken = verdict is Verdict.BROKEN
        self._recent.append(_Ending(now, is_broken))
        oldest = now - timedelta(seconds=self._limits.window_seconds)
        while self._recent[0].at < oldest:
            self._recent.popleft()
        if not (is_broken or self.failures):  # as mostly: none of them failed
            return
        self.failures = sum(ending.failed for ending in self._recent)
        if self.failures >= self._limits.failures:
            self._opened_at = now
            self._open(now)

    def _judge(self, probe: Permit, verdict: Verdict, now: datetime) -> None:
        if probe in self._probes:
            self._probes.remove(probe)
        match verdict:
            case Verdict.ANSWERED:
                self._wait_seconds = 0.0
                self.failures = 0
                self._enter(BreakerState.CLOSED)
            case Verdict.BROKEN:
                self._open(now)
            case Verdict.NOTHING:
                pass

    def _open(self, now: datetime) -> None:
        doubled = max(2 * self._wait_seconds, self._limits.open_seconds)
        self._wait_seconds = min(doubled, self._limits.longest_open_seconds)
        self._enter(BreakerState.OPEN)
        self.retry_at = now + timedelta(seconds=self._wait_seconds)

    def _enter(self, state: BreakerState) -> None:
        self.state = state
        self.retry_at = None
        self._period += 1
        self._recent.clear()
        self._probes.clear()
