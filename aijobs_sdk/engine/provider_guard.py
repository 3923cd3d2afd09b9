"""What stands before every call to a provider: its turn, a breaker, and how the calls went."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import CircuitOpenError, ProviderError
from aijobs_sdk.contract.health import BreakerHealth, BreakerState, PaceHealth
from aijobs_sdk.contract.provider import Finished, TokenNeed
from aijobs_sdk.contract.showing import instant_text
from aijobs_sdk.engine.breaker import Breaker, Permit, Refusal, Verdict
from aijobs_sdk.engine.limits import BreakerLimits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.pace.paces import Held, Paces
from aijobs_sdk.engine.pace.turn import Asker, Ending, Outcome, Place, Size

log = logging.getLogger("aijobs.breaker")

OF_A_BROKEN_PROVIDER = frozenset({ErrorCategory.PROVIDER, ErrorCategory.TIMEOUT})
"""5xx, overload, broken and truncated answers, silence. The other categories are about the request, the key or the
account: a rate limit is the word of a provider that works."""


class Call:
    """One call under way."""

    def __init__(self) -> None:
        self.is_made = False
        self.verdict = Verdict.NOTHING
        self.outcome = "abandoned"
        """`ok`, an error's category, or `abandoned`: cancelled, or left by a handler that wanted no more."""
        self.ending = Ending()

    def answered(self, finished: Finished | None = None) -> None:
        """Note that the answer is whole."""
        self.verdict, self.outcome = Verdict.ANSWERED, "ok"
        self.ending = Ending(Outcome.ANSWERED) if finished is None else _answered(finished)

    def failed(self, error: ProviderError) -> None:
        """Note how the provider, or the time limit, ended it."""
        self.outcome = error.category.value
        self.ending = Ending(_outcome(error), error.allowances, pause_seconds=error.retry_after_seconds or None)
        if error.category in OF_A_BROKEN_PROVIDER:
            self.verdict = Verdict.BROKEN


def _answered(finished: Finished) -> Ending:
    took = TokenNeed(finished.input_tokens, finished.output_tokens)
    return Ending(Outcome.ANSWERED, finished.allowances, took)


def _outcome(error: ProviderError) -> Outcome:
    if error.category is ErrorCategory.RATE_LIMIT:
        return Outcome.REFUSED
    return Outcome.OVERLOADED if error.overloaded else Outcome.NOTHING


class ProviderGuard:
    """Keeps one breaker a provider and one pace a model, for all jobs of a process."""

    def __init__(self, clock: Clock, limits: BreakerLimits, meter: Meter, paces: Paces | None = None) -> None:
        self._clock = clock
        self._limits = limits
        self._meter = meter
        self._paces = paces
        self._breakers: dict[str, Breaker] = {}

    @asynccontextmanager
    async def call(self, place: Place, asker: Asker, size: Size) -> AsyncGenerator[Call]:
        """Let a call be made inside, when it is its turn, and take in how it ends.

        Raises:
            CircuitOpenError: the provider is not to be asked now.
            ProviderBusyError: it will not be the call's turn for a while.
        """
        call = Call()
        held = None if self._paces is None else await self._turn(self._paces, place, asker, size)
        try:
            began_at = self._clock.now()
            permit = self._admit(place.provider, began_at)
            call.is_made = asker.has_asked = True
            try:
                yield call
            except ProviderError as error:
                call.failed(error)
                raise
            finally:
                self._take_in(place, call, permit, began_at)
        finally:
            if self._paces is not None and held is not None:
                self._paces.end(held, call.ending if call.is_made else None)

    async def _turn(self, paces: Paces, place: Place, asker: Asker, size: Size) -> Held:
        self._check_breaker(place.provider)  # so that nobody waits for a turn that leads nowhere
        return await paces.turn(place, asker, size)

    def _take_in(self, place: Place, call: Call, permit: Permit, began_at: datetime) -> None:
        """Note how a call went, for those that come after it."""
        now = self._clock.now()
        self._report(place.provider, permit, call.verdict, now)
        seconds = (now - began_at).total_seconds()
        self._meter.provider_called(place.provider, region=place.region, outcome=call.outcome, seconds=seconds)

    def health(self) -> tuple[BreakerHealth, ...]:
        """Return where each breaker stands, by the provider's name."""
        return tuple(
            BreakerHealth(provider=name, state=breaker.state, failures=breaker.failures, retry_at=breaker.retry_at)
            for name, breaker in sorted(self._breakers.items())
        )

    def paces(self) -> tuple[PaceHealth, ...]:
        """Return at what pace each model is asked."""
        return () if self._paces is None else self._paces.health()

    def _check_breaker(self, provider: str) -> None:
        breaker = self._breakers.get(provider)
        if breaker is not None and (refusal := breaker.refusal(self._clock.now())):
            raise _left_alone(provider, refusal)

    def _admit(self, provider: str, now: datetime) -> Permit:
        breaker = self._breakers.get(provider) or self._new_breaker(provider)
        before = breaker.state
        permit = breaker.admit(now)
        self._tell_of_a_change(provider, before)
        if isinstance(permit, Refusal):
            raise _left_alone(provider, permit)
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
                again = instant_text(breaker.retry_at)
                log.warning("%s failed too often (%d times): jobs wait until %s", provider, breaker.failures, again)
            case BreakerState.HALF_OPEN:
                log.info("%s is being tried again", provider)
            case BreakerState.CLOSED:
                log.warning("%s is back", provider)


def _left_alone(provider: str, refusal: Refusal) -> CircuitOpenError:
    return CircuitOpenError(
        provider,
        retry_after_seconds=refusal.wait_seconds,
        spread_seconds=refusal.spread_seconds,
        silent_seconds=refusal.open_seconds,
    )
