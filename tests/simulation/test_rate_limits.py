"""Limits that refill all the time: honest about what is left and when to come back."""

from __future__ import annotations

import pytest

from aijobs_sdk.simulation.rate_limits import RateLimit, RateLimits


def limits(**given: int) -> RateLimits:
    world = RateLimits()
    world.add(RateLimit(model="gpt-*", **given))
    return world


def let_in(world: RateLimits, tenant: str, seconds: range, *, every: float) -> int:
    """Return how many requests are let in of those that a tenant sends at this pace."""
    return sum(not world.take(tenant, "gpt-5.2", 1, second * every).retry_seconds for second in seconds)


def test_ten_tenants_get_their_own_sixty_a_minute() -> None:
    world = limits(requests_per_minute=60)
    for tenant in map(str, range(10)):
        let_in(world, tenant, range(60), every=0.0)  # what was saved up is spent
    got = [let_in(world, tenant, range(1, 6001), every=0.01) for tenant in map(str, range(10))]
    assert got == [pytest.approx(60, abs=1)] * 10


@pytest.mark.parametrize("wait", [1.0, 0.999_999_9])
def test_whoever_waits_exactly_as_told_is_never_refused_twice(wait: float) -> None:
    world, now, refused_twice = limits(requests_per_minute=7), 0.0, 0
    for _ in range(200):
        if retry := world.take("us", "gpt-5.2", 1, now).retry_seconds:
            now += retry * wait
            refused_twice += bool(world.take("us", "gpt-5.2", 1, now).retry_seconds)
    assert refused_twice == 0
    assert now > 1000


def test_tokens_run_out_as_well() -> None:
    world = limits(requests_per_minute=60, tokens_per_minute=1000)
    assert not world.take("us", "gpt-5.2", 900, 0.0).retry_seconds
    left = world.take("us", "gpt-5.2", 400, 0.0)
    assert left.retry_seconds == pytest.approx(18)
    assert left.tokens is not None
    assert (left.tokens.limit, left.tokens.remaining) == (1000, 100)


def test_a_refused_request_takes_nothing() -> None:
    world = limits(requests_per_minute=60, tokens_per_minute=1000)
    world.take("us", "gpt-5.2", 900, 0.0)
    before = world.take("us", "gpt-5.2", 400, 0.0).requests
    assert world.take("us", "gpt-5.2", 400, 0.0).requests == before


def test_more_tokens_than_a_minutes_are_let_in_once_the_bucket_is_full() -> None:
    world = limits(tokens_per_minute=1000)
    assert not world.take("us", "gpt-5.2", 5000, 0.0).retry_seconds
    assert world.take("us", "gpt-5.2", 5000, 0.0).retry_seconds == pytest.approx(60)
    assert not world.take("us", "gpt-5.2", 5000, 60.0).retry_seconds


def test_what_is_left_is_told_with_every_answer() -> None:
    world = limits(requests_per_minute=60)
    remaining = [
        one.requests.remaining for one in (world.take("us", "gpt-5.2", 1, 0.0) for _ in range(3)) if one.requests
    ]
    assert remaining == [59, 58, 57]


def test_other_models_have_high_limits_that_nobody_uses_up() -> None:
    world = limits(requests_per_minute=1)
    taken = [world.take("us", "claude-opus-4.5", 1, 0.0) for _ in range(20_000)]
    assert [one.requests and one.requests.remaining for one in (taken[0], taken[-1])] == [9_999, 9_999]
    assert not any(one.retry_seconds for one in taken)
    assert not any(one.said() for one in taken)


def test_of_two_limits_the_later_holds() -> None:
    world = limits(requests_per_minute=1)
    world.add(RateLimit(model="gpt-5.2", requests_per_minute=100))
    left = world.take("us", "gpt-5.2", 1, 0.0).requests
    assert left is not None
    assert left.limit == 100


def test_a_clock_that_begins_anew_takes_nothing() -> None:
    world = limits(requests_per_minute=60)
    world.take("us", "gpt-5.2", 1, 1000.0)
    left = world.take("us", "gpt-5.2", 1, 0.0).requests
    assert left is not None
    assert left.remaining == 58
