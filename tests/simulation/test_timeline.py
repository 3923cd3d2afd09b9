from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from aijobs_sdk.simulation.timeline import outage
from simulation.worlds import a_request

HOURS = 3600.0
TIMES = [float(minute * 60) for minute in range(24 * 60)]


def outcome(sim: Simulation, at_seconds: float, provider: str | None = None, **changes: object) -> str:
    return sim.plan(a_request(**changes), at_seconds=at_seconds, provider=provider).outcome


def failures(sim: Simulation, at_seconds: float, provider: str, *, of: int = 1_000) -> float:
    outcomes = [outcome(sim, at_seconds, provider, draw_key=str(n)) for n in range(of)]
    return 1 - outcomes.count("ok") / of


def failing_minutes(sim: Simulation, times: list[float], provider: str = "openai") -> dict[float, bool]:
    return {time: bool(sim._timeline.outages("gpt-5.2", provider, time)) for time in times}


IN_ORDER = failing_minutes(Simulation(7, "stress"), TIMES)


@pytest.mark.parametrize(
    ("at_seconds", "said"), [(299.9, "ok"), (300, "provider_unavailable"), (389.9, "provider_unavailable"), (390, "ok")]
)
def test_an_outage_lasts_as_long_as_it_says(at_seconds: float, said: str) -> None:
    sim = Simulation()
    sim.at("5m", outage("openai", lasts="90s"))
    assert outcome(sim, at_seconds) == said


@pytest.mark.parametrize("where", ["openai", "gpt-*", "gpt-5.2", "open*"])
def test_an_outage_is_of_a_provider_or_of_models(where: str) -> None:
    sim = Simulation()
    sim.at(0, outage(where, lasts=60))
    assert outcome(sim, 1, "openai") == "provider_unavailable"
    assert outcome(sim, 1, "bedrock", model="claude-sonnet-4.5") == "ok"


def test_a_model_that_is_called_elsewhere_is_not_hit() -> None:
    sim = Simulation()
    sim.at(0, outage("bedrock", lasts=60))
    assert outcome(sim, 1, "anthropic", model="claude-sonnet-4.5") == "ok"
    assert outcome(sim, 1, model="claude-sonnet-4.5") == "provider_unavailable"


def test_in_an_outage_calls_fail_as_often_as_it_says() -> None:
    sim = Simulation(7)
    sim.at(0, outage("openai", lasts=60, error_rate=0.3, fault="overloaded"))
    assert failures(sim, 1, "openai") == pytest.approx(0.3, abs=0.04)


def test_every_attempt_in_an_outage_draws_anew() -> None:
    sim = Simulation(7)
    sim.at(0, outage("openai", lasts=60, error_rate=0.5))
    assert {outcome(sim, 1, attempt=n) for n in range(1, 20)} == {"ok", "provider_unavailable"}


def test_a_script_goes_before_an_outage() -> None:
    sim = Simulation()
    sim.at(0, outage("openai", lasts=60))
    sim.on().do(ok())
    assert [outcome(sim, 1, attempt=n) for n in (1, 2)] == ["ok", "provider_unavailable"]


def test_of_two_outages_at_a_time_both_can_hit() -> None:
    sim = Simulation(7)
    sim.at(0, outage("openai", lasts=60, error_rate=0.5), outage("gpt-*", lasts=60, error_rate=0.5, fault=fail(429)))
    assert failures(sim, 1, "openai") == pytest.approx(0.75, abs=0.04)


@pytest.mark.parametrize(
    ("where", "options"),
    [("bedrok", {"lasts": 1}), ("openai", {"lasts": -1}), ("openai", {"lasts": 1, "error_rate": 2})],
)
def test_an_outage_that_cannot_be_is_refused(where: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        outage(where, **options)


@pytest.mark.parametrize("error_rate", ["often", None, True, float("nan"), -0.1, 10**400])
def test_the_error_rate_of_an_outage_is_refused_by_name_and_shape(error_rate: Any) -> None:
    with pytest.raises(InvalidRequestError, match="`error_rate` must be a number from 0 to 1, got "):
        outage("openai", lasts=1, error_rate=error_rate)


@given(times=st.lists(st.sampled_from(TIMES), unique=True))
def test_when_the_incidents_of_a_profile_are_does_not_hang_on_who_asks_first(times: list[float]) -> None:
    asked = failing_minutes(Simulation(7, "stress"), times)
    assert asked == {time: IN_ORDER[time] for time in times}


def test_the_incidents_of_a_profile_are_bursts() -> None:
    begun = sum(IN_ORDER[later] and not IN_ORDER[earlier] for earlier, later in pairwise(TIMES))
    assert sum(IN_ORDER.values()) / len(TIMES) == pytest.approx(90 / 1_290, rel=0.4)
    assert begun < 0.75 * sum(IN_ORDER.values())


def test_each_provider_has_incidents_of_its_own() -> None:
    assert failing_minutes(Simulation(7, "stress"), TIMES, "vertex") != IN_ORDER


def test_another_seed_has_other_incidents() -> None:
    assert failing_minutes(Simulation(8, "stress"), TIMES) != IN_ORDER


def test_in_an_incident_of_the_profile_more_calls_fail_than_on_other_days() -> None:
    sim = Simulation(7, "stress")
    during = next(time for time in TIMES if IN_ORDER[time])
    assert failures(sim, during, "openai") > 0.55
    assert failures(sim, 0, "openai") == pytest.approx(0.30, abs=0.05)


def test_in_the_fast_world_nothing_ever_happens() -> None:
    assert not any(failing_minutes(Simulation(7), TIMES).values())


def test_jobs_outlast_an_outage() -> None:
    with aijobs.mock() as sim:
        sim.at(0, aijobs.outage("openai", lasts="2s", fault=aijobs.fail(503, retry_after=3)))
        job = aijobs.Client().submit("hi", model="gpt-5.2")
        assert job.result().content
    assert [call.outcome for call in sim.calls] == ["provider_unavailable", "ok"]
    assert sim.now > 3


def test_limits_hold_for_jobs_and_are_waited_for() -> None:
    with aijobs.mock() as sim:
        sim.limit(requests_per_minute=2)
        jobs = [aijobs.Client().submit(f"hi {n}", model="gpt-5.2") for n in range(3)]
        assert all(job.result().content for job in jobs)
    assert [call.outcome for call in sim.calls].count("rate_limited") == 1
    assert 30 <= sim.now < 40


def test_what_begins_at_a_time_is_an_outage() -> None:
    what: Any = fail(503)
    with pytest.raises(InvalidRequestError, match=r"made with `outage\(\)`"):
        Simulation().at("5m", what)


def test_a_limit_says_of_what() -> None:
    with pytest.raises(InvalidRequestError, match="`tokens_per_minute` is required"):
        Simulation().limit(model="gpt-*")
