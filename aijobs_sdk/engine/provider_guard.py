"""What stands before every call to a provider: a breaker for each, and how the calls went."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import CircuitOpenError, ProviderError
from aijobs_sdk.contract.health import BreakerHealth, BreakerState
from aijobs_sdk.engine.breaker import Breaker, Permit, Refusal, Verdict
from aijobs_sdk.engine.limits import BreakerLimits
from aijobs_sdk.engine.meter import Meter

log = logging.getLogger("aijobs.breaker")

OF_A_BROKEN_PROVIDER = frozenset({ErrorCategory.PROVIDER, ErrorCategory.TIMEOUT})
"""5xx, overload, broken and truncated answers, silence. The other categories are about the request, the key or the
account: a rate limit is the word of a provider that works."""


class Call:
    """One call under way."""

    def __init__(self) -> None:
        self.verdict = Verdict.NOTHING
        self.outcome = "abandoned"
        """`ok`, an error's category, or `abandoned`: cancelled, or left by a handler that wanted no more."""

    def answered(self) -> None:
        """Note that the answer is whole."""
        self.verdict, self.outcome = Verdict.ANSWERED, "ok"

    def failed(self, error: ProviderError) -> None:
        """Note how the provider, or the time limit, ended it."""
        self.outcome = error.category.value
        if error.category in OF_A_BROKEN_PROVIDER:
            self.verdict = Verdict.BROKEN


class ProviderGuard:
    """Keeps one breaker a provider, for all jobs of a process."""

    def __init__(self, clock: Clock, limits: BreakerLimits, meter: Meter) -> None:
        self._clock = clock
        self._limits = limits
        self._meter = meter
        self._breakers: dict[str, Breaker] = {}

    @contextmanager
    def call(self, provider: str, *, region: str) -> Iterator[Call]:
        """Let a call be made inside, and take in how it ends.

        Raises:
            CircuitOpenError: the provider is not to be asked now.
        """
        began_at = self._clock.now()
        permit = self._admit(provider, began_at)
        call = Call()
        try:
            yield call
        except ProviderError as error:
            call.failed(error)
            raise
        finally:
            now = self._clock.now()
            self._report(provider, permit, call.verdict, now)
            seconds = (now - began_at).total_seconds()
            self._meter.provider_called(provider, region=region, outcome=call.outcome, seconds=seconds)

    def health(self) -> tuple[BreakerHealth, ...]:
        """Return where each breaker stands, by the provider's name."""
        return tuple(
            BreakerHealth(provider=name, state=breaker.state, failures=breaker.failures, retry_at=breaker.retry_at)
            for name, breaker in sorted(self._breakers.items())
        )

    def _admit(self, provider: str, now: datetime) -> Permit:
        breaker = self._breakers.get(provider) or self._new_breaker(provider)
        before = breaker.state
        permit = breaker.admit(now)
        self._tell_of_a_change(provider, before)
        if isinstance(permit, Refusal):
            raise CircuitOpenError(
                provider, retry_after_seconds=permit.wait_seconds, spread_seconds=permit.spread_seconds
            )
        return permit

    def _new_breaker(self, provider: str) -> Breaker:
        breaker = self._breakers[provider] = Breaker(self._limits)
        return breaker

    def _report(self, provider: str, permit: Permit, verdict: Verdict, now: datetime) -> None:
        breaker = self._breakers[provider]
        before = breaker.state
        breaker.report(permit, verdict, now)
        self._tell_of_a_change(provider, before)

    def _tell_of_a_change(self, provider: str, before: BreakerState) -> None:
        breaker = self._breakers[provider]
        if breaker.state is before:
            return
        self._meter.breaker_changed(provider, breaker.state)
        match breaker.state:
            case BreakerState.OPEN:
                again = breaker.retry_at
                log.warning("%s failed too often (%d times): jobs wait until %s", provider, breaker.failures, again)
            case BreakerState.HALF_OPEN:
                log.info("%s is being tried again", provider)
            case BreakerState.CLOSED:
                log.warning("%s is back", provider)
