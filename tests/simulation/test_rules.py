from __future__ import annotations

from uuid import UUID

import pytest

from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from simulation.worlds import a_request


@pytest.fixture
def sim() -> Simulation:
    return Simulation(seed=7)


def outcome(sim: Simulation, **changes: object) -> str:
    return sim.plan(a_request(**changes)).outcome


def test_a_job_goes_through_the_steps_one_an_attempt(sim: Simulation) -> None:
    sim.on(model="gpt-5.2").do(fail(429) * 2, fail(503), ok())
    outcomes = [outcome(sim, attempt=attempt) for attempt in (1, 2, 3, 4)]
    assert outcomes == ["rate_limited", "rate_limited", "provider_unavailable", "ok"]


def test_after_the_last_step_the_world_is_ordinary_again(sim: Simulation) -> None:
    sim.on().do(fail(500))
    assert outcome(sim, attempt=2) == "ok"


def test_every_job_goes_through_the_script_on_its_own(sim: Simulation) -> None:
    sim.on(model="gpt-5.2").do(fail(429))
    assert outcome(sim, job_id=UUID(int=8), attempt=2) == "ok"
    assert outcome(sim, job_id=UUID(int=9), attempt=1) == "rate_limited"


@pytest.mark.parametrize(
    "globs",
    [
        {"model": "gpt-*"},
        {"prompt": "*haiku*"},
        {"tenant": UUID(int=1)},
        {"job": UUID(int=2)},
        {"job": "*0002"},
        {"model": "gpt-5.2", "prompt": "Write*"},
        {},
    ],
)
def test_a_rule_holds_for_the_jobs_its_globs_match(sim: Simulation, globs: dict[str, str]) -> None:
    sim.on(**globs).do(fail(500))
    assert outcome(sim) == "provider_unavailable"


@pytest.mark.parametrize(
    "globs", [{"model": "claude-*"}, {"prompt": "*HAIKU*"}, {"model": "gpt-*", "tenant": UUID(int=3)}]
)
def test_a_rule_leaves_other_jobs_alone(sim: Simulation, globs: dict[str, str]) -> None:
    sim.on(**globs).do(fail(500))
    assert outcome(sim) == "ok"


def test_of_two_rules_for_a_job_the_one_added_last_holds(sim: Simulation) -> None:
    sim.on().do(fail(500))
    sim.on(model="gpt-5.2").do(fail(429))
    assert outcome(sim) == "rate_limited"


def test_a_rule_no_call_has_matched_is_found(sim: Simulation) -> None:
    sim.on(prompt="*haikoo*").do(fail(500))
    sim.on(prompt="*haiku*").do(fail(429))
    sim.record(a_request(), sim.plan(a_request()))
    assert [rule.match.prompt for rule in sim.unused_rules()] == ["*haikoo*"]


def test_a_rule_whose_jobs_a_later_one_took_was_matched(sim: Simulation) -> None:
    sim.on(model="gpt-*").do(ok())
    sim.on(model="gpt-5.2").do(ok())
    request = a_request()
    sim.record(request, sim.plan(request))
    assert not sim.unused_rules()
