"""The pace by itself: what it lets through, and what it learns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aijobs_sdk.contract.provider import Allowance, Allowances, TokenNeed
from aijobs_sdk.engine.limits import ModelPace, PaceLimits
from aijobs_sdk.engine.pace.bucket import LATE_SECONDS, RESERVE, Bucket
from aijobs_sdk.engine.pace.pace import Pace
from aijobs_sdk.engine.pace.turn import UNTIL_A_CALL_ENDS, Ending, Outcome, Size, Turn, Wait

ANSWERED, REFUSED = Ending(Outcome.ANSWERED), Ending(Outcome.REFUSED)
LARGE = Size(lambda: TokenNeed(600, 400))


def a_pace(*, first_calls: int = 16, **own: float) -> Pace:
    return Pace(first_calls=first_calls, own=ModelPace.model_validate(own), now=0.0)


def turns(pace: Pace, number: int, *, now: float = 0.0, size: Size | None = None) -> list[Turn]:
    """Return the turns that are given to so many who ask."""
    asked = [pace.ask(now, size or Size()) for _ in range(number)]
    return [one for one in asked if isinstance(one, Turn)]


def seconds_to_next(pace: Pace) -> float:
    asked = pace.ask(0.0, Size())
    assert isinstance(asked, Wait)
    assert asked.seconds is not None
    return asked.seconds


def end(pace: Pace, given: list[Turn], ending: Ending, *, now: float) -> None:
    for turn in given:
        pace.end(turn, ending, now)


def says(limit: int, remaining: int, *, reset_seconds: float | None = None) -> Allowances:
    return Allowances(requests=Allowance(limit=limit, remaining=remaining, reset_seconds=reset_seconds))


def test_the_window_is_four_times_as_wide_after_each_round_trip_that_uses_it() -> None:
    pace = a_pace()
    for turn in turns(pace, 100):
        pace.end(turn, ANSWERED, 1.0)
        turns(pace, 100, now=1.0)
    assert pace.window.size == 64


def test_it_is_as_wide_where_all_answers_of_a_round_trip_come_before_the_next_call() -> None:
    pace = a_pace()
    end(pace, turns(pace, 100), ANSWERED, now=1.0)
    assert pace.window.size == 64


def test_a_window_that_nobody_uses_stays_as_it_is() -> None:
    pace = a_pace()
    end(pace, turns(pace, 5), ANSWERED, now=1.0)
    assert pace.window.size == 16


def test_many_refusals_of_one_round_trip_are_one_cut() -> None:
    pace = a_pace(first_calls=100)
    end(pace, turns(pace, 100), REFUSED, now=0.3)
    assert pace.window.size == 70


@pytest.mark.parametrize("outcome", [Outcome.NOTHING, Outcome.ANSWERED])
def test_other_endings_cut_nothing(outcome: Outcome) -> None:
    pace = a_pace()
    end(pace, turns(pace, 16), Ending(outcome), now=1.0)
    assert pace.window.size >= 16


def test_an_overload_cuts_the_window() -> None:
    pace = a_pace()
    end(pace, turns(pace, 16), Ending(Outcome.OVERLOADED), now=1.0)
    assert pace.window.size == 11


def test_the_window_opens_at_once_to_what_a_provider_says_it_takes() -> None:
    pace = a_pace()
    [turn, *_] = turns(pace, 16)
    pace.end(turn, Ending(Outcome.ANSWERED, says(10_000, 9_000)), 0.3)
    assert len(turns(pace, 500, now=0.3)) == 500


def test_no_more_begin_than_the_provider_said_it_had_left() -> None:
    pace = a_pace()
    [first] = turns(pace, 1)
    pace.end(first, Ending(Outcome.ANSWERED, says(100, 10, reset_seconds=54.0)), 0.0)
    assert len(turns(pace, 100)) == 10 - RESERVE * 100
    assert pace.ask(0.0, Size()) == Wait(0.6 + LATE_SECONDS)


@pytest.mark.parametrize(
    ("limit", "reset_seconds", "waits", "at_once"),
    [
        pytest.param(3000, 1.0, 1 / 50, 50, id="a minute, quantized"),
        pytest.param(10_000, 86_400.0, 8.64, 10_000, id="a day"),
        pytest.param(600, 60.0, 1 / 10, 600, id="a minute"),
        pytest.param(600, None, 1 / 10, 600, id="nobody says of what"),
    ],
)
def test_a_limit_comes_back_as_soon_as_the_provider_has_it(
    limit: int, reset_seconds: float | None, waits: float, at_once: int
) -> None:
    pace = a_pace(first_calls=1)
    [turn] = turns(pace, 1)
    pace.end(turn, Ending(Outcome.ANSWERED, says(limit, 0, reset_seconds=reset_seconds)), 0.0)
    before = RESERVE * at_once  # the reserve is left to it first
    assert seconds_to_next(pace) == pytest.approx((before + 1) * waits + LATE_SECONDS)


def test_a_limit_of_a_second_is_known_by_two_answers_that_differ() -> None:
    pace = a_pace()
    first, second = turns(pace, 2)
    pace.end(first, Ending(Outcome.ANSWERED, says(50, 49, reset_seconds=0.02)), 0.0)
    pace.end(second, Ending(Outcome.ANSWERED, says(50, 0, reset_seconds=1.0)), 0.0)
    assert seconds_to_next(pace) == pytest.approx(1.5 / 50, rel=0.1)


@pytest.mark.parametrize("reset_seconds", [0.0, 1e-9, 1e9])
def test_no_word_of_a_provider_stops_everything(reset_seconds: float) -> None:
    pace = a_pace()
    for turn, remaining in zip(turns(pace, 4), (50, 0, 30, 0), strict=True):
        pace.end(turn, Ending(Outcome.ANSWERED, says(50, remaining, reset_seconds=reset_seconds)), 0.0)
    assert turns(pace, 100, now=seconds_to_next(pace))


def test_an_answer_to_an_older_call_is_no_news() -> None:
    pace = a_pace()
    older, newer = turns(pace, 2)
    pace.end(newer, Ending(Outcome.ANSWERED, says(100, 1)), 0.3)
    pace.end(older, Ending(Outcome.ANSWERED, says(100, 100)), 0.3)
    assert turns(pace, 10, now=0.3) == []


def test_a_pause_holds_everybody_back_and_they_do_not_return_in_one_instant() -> None:
    pace = a_pace()
    [turn] = turns(pace, 1)
    pace.end(turn, Ending(Outcome.REFUSED, pause_seconds=20.0), 0.0)
    assert pace.ask(19.0, Size()) == Wait(1.0)
    assert len(turns(pace, 10, now=20.0)) == 1


def test_a_provider_that_refuses_all_is_asked_more_and_more_seldom() -> None:
    pace, now, waits = a_pace(first_calls=1), 0.0, []
    for _ in range(6):
        [turn] = turns(pace, 1, now=now)
        pace.end(turn, REFUSED, now)
        waits.append(pace.pause.wait(now))
        now += waits[-1]
    assert waits == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_rate_is_what_was_taken_between_two_refusals() -> None:
    pace = a_pace(first_calls=50)
    end(pace, turns(pace, 1), REFUSED, now=0.0)
    end(pace, turns(pace, 20), ANSWERED, now=1.0)
    end(pace, turns(pace, 1, now=2.0), REFUSED, now=2.0)
    assert pace.calls_per_second == pytest.approx(0.95 * 10, abs=0.5)


def test_a_turn_that_was_given_back_is_there_for_the_next() -> None:
    pace = a_pace(requests_per_minute=1)
    [turn] = turns(pace, 5)
    pace.give_back(turn, 0.0)
    assert len(turns(pace, 5)) == 1


def test_our_own_limit_is_settled_with_what_a_call_really_took() -> None:
    pace = a_pace(tokens_per_minute=1000)
    [turn] = turns(pace, 2, size=LARGE)
    pace.end(turn, Ending(Outcome.ANSWERED, tokens=TokenNeed(300, 100)), 0.0)
    assert len(turns(pace, 1, size=Size(lambda: TokenNeed(500, 100)))) == 1


def test_nobody_counts_tokens_that_nobody_limits() -> None:
    pace = a_pace(requests_per_minute=60)
    assert len(turns(pace, 1, size=Size(lambda: pytest.fail("nobody needs it")))) == 1


def test_what_a_provider_takes_off_for_our_estimates_is_learned() -> None:
    pace = a_pace(first_calls=1)
    remaining = 100_000
    for number in range(30):
        [turn] = turns(pace, 1, now=number * 0.001, size=LARGE)
        remaining -= 400
        said = Allowances(tokens=Allowance(limit=100_000, remaining=remaining, reset_seconds=1e9))
        pace.end(turn, Ending(Outcome.ANSWERED, said, TokenNeed(600, 100)), number * 0.001)
    assert pace.wait_behind(remaining // 500, LARGE, 0.03) == 0.0


@given(limit=st.integers(1, 10_000), steps=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=50))
def test_a_bucket_gives_no_more_than_it_held_and_got(limit: int, steps: list[tuple[float, int]]) -> None:
    bucket, now, taken = Bucket(limit, now=0.0), 0.0, 0.0
    for seconds, amount in steps:
        now += seconds
        if bucket.wait(amount, now) == 0.0:
            bucket.take(amount, now)
            taken += min(amount, limit)
    assert taken <= limit * (1 + now / 60) + 0.001


class Calls(RuleBasedStateMachine):
    """Calls that are made and end in any way, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pace = a_pace(requests_per_minute=120)
        self.under_way: list[Turn] = []
        self.begun = 0

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        had_room = not self.pace.window.is_full
        asked = self.pace.ask(self.now, Size())
        if isinstance(asked, Turn):
            assert had_room
            self.under_way.append(asked)
            self.begun += 1
        else:
            assert asked == UNTIL_A_CALL_ENDS or asked.seconds

    @rule(which=st.integers(0), outcome=st.sampled_from(Outcome), pause=st.none() | st.floats(0, 60))
    def end(self, which: int, outcome: Outcome, pause: float | None) -> None:
        if self.under_way:
            turn = self.under_way.pop(which % len(self.under_way))
            self.pace.end(turn, Ending(outcome, pause_seconds=pause), self.now)

    @rule(which=st.integers(0))
    def give_back(self, which: int) -> None:
        if self.under_way:
            self.pace.give_back(self.under_way.pop(which % len(self.under_way)), self.now)
            self.begun -= 1

    @invariant()
    def every_turn_is_accounted_for(self) -> None:
        assert self.pace.window.in_flight == len(self.under_way)
        assert self.pace.window.size >= 1

    @invariant()
    def no_more_begin_than_are_allowed(self) -> None:
        assert self.begun <= 120 * (1 + self.now / 60) + 0.001

    @invariant()
    def there_is_always_a_next_turn(self) -> None:
        asked = self.pace.ask(self.now, Size())
        match asked:
            case Turn():
                self.pace.give_back(asked, self.now)
            case Wait(seconds=None):
                assert self.under_way
            case Wait(seconds=seconds):
                assert seconds is not None
                assert seconds < 3600


TestCalls = Calls.TestCase


def test_the_last_limit_that_fits_a_model_holds_for_it() -> None:
    limits = PaceLimits(models=(ModelPace(most_calls=5), ModelPace(model="gpt-*", most_calls=9)))
    assert (limits.of("gpt-5.2").most_calls, limits.of("gemini-3-flash").most_calls) == (9, 5)
