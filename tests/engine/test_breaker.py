"""When a provider is asked, when it is left alone, and what finds out that it is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from aijobs_sdk.contract.health import BreakerState
from aijobs_sdk.engine.breaker import Breaker, Permit, Refusal, Verdict
from aijobs_sdk.engine.limits import BreakerLimits

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = BreakerLimits(
    failures=3, window_calls=5, window_seconds=60, open_seconds=10, longest_open_seconds=40, probes=2
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def permitted(breaker: Breaker, seconds: float) -> Permit:
    permit = breaker.admit(at(seconds))
    assert isinstance(permit, Permit)
    return permit


def call(breaker: Breaker, verdict: Verdict, *, seconds: float = 0) -> None:
    breaker.report(permitted(breaker, seconds), verdict, at(seconds))


def an_open_breaker() -> Breaker:
    """Open since second 0, until second 10."""
    breaker = Breaker(LIMITS)
    for _ in range(3):
        call(breaker, Verdict.BROKEN)
    return breaker


def test_a_breaker_opens_after_as_many_failures_as_it_allows() -> None:
    breaker = Breaker(LIMITS)
    call(breaker, Verdict.BROKEN)
    call(breaker, Verdict.BROKEN)
    assert breaker.state is BreakerState.CLOSED
    call(breaker, Verdict.BROKEN)
    assert (breaker.state, breaker.retry_at, breaker.failures) == (BreakerState.OPEN, at(10), 3)


def test_a_success_in_between_hides_no_failing_provider() -> None:
    breaker = Breaker(LIMITS)
    for verdict in (Verdict.BROKEN, Verdict.ANSWERED, Verdict.BROKEN, Verdict.ANSWERED, Verdict.BROKEN):
        call(breaker, verdict)
    assert breaker.state is BreakerState.OPEN


def test_failures_that_are_rare_or_long_ago_open_nothing() -> None:
    breaker = Breaker(LIMITS)
    for seconds, verdict in enumerate([Verdict.BROKEN, *[Verdict.ANSWERED] * 4] * 4):
        call(breaker, verdict, seconds=seconds)
    for minutes in range(2, 6):
        call(breaker, Verdict.BROKEN, seconds=61 * minutes)
    assert breaker.state is BreakerState.CLOSED


def test_a_call_that_says_nothing_about_the_provider_counts_for_nothing() -> None:
    breaker = Breaker(LIMITS)
    for _ in range(20):
        call(breaker, Verdict.NOTHING)
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 0)


def test_an_open_breaker_says_how_long_to_wait() -> None:
    assert an_open_breaker().admit(at(4)) == Refusal(6.0, spread_seconds=10.0, open_seconds=4.0)


def test_only_as_many_probes_are_let_through_as_it_allows() -> None:
    breaker = an_open_breaker()
    permitted(breaker, 10)
    permitted(breaker, 10)
    assert breaker.admit(at(10)) == Refusal(10.0, spread_seconds=10.0, open_seconds=10.0)
    assert breaker.state is BreakerState.HALF_OPEN


def test_a_probe_that_is_answered_closes_it() -> None:
    breaker = an_open_breaker()
    call(breaker, Verdict.ANSWERED, seconds=10)
    assert (breaker.state, breaker.failures, breaker.retry_at) == (BreakerState.CLOSED, 0, None)


def test_each_probe_that_fails_doubles_the_wait_up_to_the_longest() -> None:
    breaker = an_open_breaker()
    waits = []
    for seconds in (10, 30, 70, 110):
        call(breaker, Verdict.BROKEN, seconds=seconds)
        waits.append(breaker.retry_at)
    assert waits == [at(30), at(70), at(110), at(150)]


def test_once_it_was_closed_the_first_wait_is_short_again() -> None:
    breaker = an_open_breaker()
    call(breaker, Verdict.BROKEN, seconds=10)
    call(breaker, Verdict.ANSWERED, seconds=30)
    for _ in range(3):
        call(breaker, Verdict.BROKEN, seconds=40)
    assert breaker.retry_at == at(50)


def test_a_probe_that_says_nothing_gives_its_place_to_another() -> None:
    breaker = an_open_breaker()
    for _ in range(5):
        call(breaker, Verdict.NOTHING, seconds=10)
    assert breaker.state is BreakerState.HALF_OPEN


def test_probes_that_never_end_do_not_keep_their_places() -> None:
    breaker = an_open_breaker()
    permitted(breaker, 10)
    permitted(breaker, 10)
    assert isinstance(breaker.admit(at(69)), Refusal)
    assert isinstance(breaker.admit(at(70)), Permit)


def test_a_call_from_before_it_opened_changes_nothing() -> None:
    breaker = Breaker(LIMITS)
    early = permitted(breaker, 0)
    for _ in range(3):
        call(breaker, Verdict.BROKEN)
    breaker.report(early, Verdict.ANSWERED, at(1))
    assert breaker.state is BreakerState.OPEN


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_the_longest_wait() -> None:
    breaker = an_open_breaker()
    assert isinstance(breaker.admit(at(-3600)), Permit)


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end in any order, and time passes."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(LIMITS)
        self.now = START

    @rule(target=permits)
    def ask(self) -> Permit | None:
        open_until = self.breaker.retry_at
        answer = self.breaker.admit(self.now)
        if isinstance(answer, Refusal):
            assert self.breaker.state is not BreakerState.CLOSED
            return None
        assert open_until is None or self.now >= open_until, "asked while it was open"
        return answer

    @rule(permit=consumes(permits), verdict=st.sampled_from(Verdict))
    def end(self, permit: Permit | None, verdict: Verdict) -> None:
        before = self.breaker.state
        if permit is not None:
            self.breaker.report(permit, verdict, self.now)
        if self.breaker.state is not before:
            decided = Verdict.ANSWERED if self.breaker.state is BreakerState.CLOSED else Verdict.BROKEN
            assert verdict is decided

    @rule(seconds=st.sampled_from([0.5, 5, 10, 45, 60]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def it_knows_when_to_try_again_exactly_while_it_is_open(self) -> None:
        assert (self.breaker.retry_at is not None) == (self.breaker.state is BreakerState.OPEN)

    @invariant()
    def it_never_waits_longer_than_the_longest_wait(self) -> None:
        retry_at = self.breaker.retry_at
        assert retry_at is None or retry_at - self.now <= timedelta(seconds=LIMITS.longest_open_seconds)

    @invariant()
    def no_more_probes_are_under_way_than_allowed(self) -> None:
        assert len(self.breaker._probes) <= LIMITS.probes

    @invariant()
    def a_closed_breaker_has_fewer_failures_than_open_it(self) -> None:
        assert self.breaker.state is not BreakerState.CLOSED or self.breaker.failures < LIMITS.failures

    def teardown(self) -> None:
        """Whatever happened: a provider that is well again is asked again."""
        while self.breaker.state is not BreakerState.CLOSED:
            self.now += timedelta(seconds=LIMITS.longest_open_seconds + LIMITS.probe_seconds)
            answer = self.breaker.admit(self.now)
            assert isinstance(answer, Permit)
            self.breaker.report(answer, Verdict.ANSWERED, self.now)


BreakerMachine.TestCase.settings = settings(stateful_step_count=40)
TestBreakerMachine = BreakerMachine.TestCase
