from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.contract.provider import Finished
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import Fault
from aijobs_sdk.simulation.pieces import NO_PIECES
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.script import fail, ok
from simulation.worlds import a_request

KEYS = [f"job-{n}" for n in range(20)]


def text_of(plan: Plan) -> str:
    return "".join(piece.text for piece in plan.pieces)


def finished(plan: Plan) -> Finished:
    assert isinstance(plan.ending, Finished)
    return plan.ending


def fault(plan: Plan) -> Fault:
    assert isinstance(plan.ending, Fault)
    return plan.ending


def plans(sim: Simulation, keys: Sequence[str]) -> dict[str, Plan]:
    return {key: sim.plan(a_request(draw_key=key)) for key in keys}


IN_ORDER = plans(Simulation(7, "stress"), KEYS)


@given(order=st.permutations(KEYS))
def test_the_same_seed_gives_the_same_plans_in_any_order(order: list[str]) -> None:
    assert plans(Simulation(7, "stress"), order) == IN_ORDER


def test_another_seed_gives_another_answer() -> None:
    assert text_of(Simulation(1).plan(a_request())) != text_of(Simulation(2).plan(a_request()))


def test_two_models_asked_the_same_write_different_answers() -> None:
    sim = Simulation(1)
    one, other = (text_of(sim.plan(a_request(model=model))) for model in ("gpt-5.2", "claude-opus-4.5"))
    assert one != other


def test_ids_do_not_matter_to_the_plan() -> None:
    sim = Simulation(7, "typical")
    assert sim.plan(a_request(job_id=UUID(int=8), idempotency_token="x")) == sim.plan(a_request())


@given(attempt=st.integers(min_value=1, max_value=100), key=st.sampled_from(KEYS))
def test_every_attempt_writes_the_same_text(attempt: int, key: str) -> None:
    sim = Simulation(7)
    again = sim.plan(a_request(draw_key=key, attempt=attempt))
    assert text_of(again) == text_of(sim.plan(a_request(draw_key=key)))


def test_every_attempt_takes_its_own_time() -> None:
    sim = Simulation(7)
    assert sim.plan(a_request(attempt=2)).ttft_seconds != sim.plan(a_request()).ttft_seconds


def test_tokens_are_counted_from_what_was_said() -> None:
    plan = Simulation(7).plan(a_request(system="Be brief."))
    assert finished(plan).input_tokens == estimate_tokens("Be brief.") + estimate_tokens("Write a haiku about rivers")
    assert finished(plan).output_tokens == estimate_tokens(text_of(plan))


def test_an_answer_that_is_too_long_is_cut_and_says_so() -> None:
    plan = Simulation(7).plan(a_request(max_output_tokens=50))
    assert finished(plan).finish_reason == "length"
    assert 40 <= finished(plan).output_tokens <= 50


def test_an_answer_ends_before_a_stop_word() -> None:
    sim = Simulation()
    sim.on().do(ok("one END two"))
    assert text_of(sim.plan(a_request(stop=("END",)))) == "one "
    assert text_of(sim.plan(a_request(stop=("",)))) == "one END two"


def test_a_scripted_text_is_the_answer() -> None:
    sim = Simulation()
    sim.on().do(ok("Still waters\nrun deep."))
    assert text_of(sim.plan(a_request())) == "Still waters\nrun deep."


def test_a_scripted_length_is_about_the_length_of_the_answer() -> None:
    sim = Simulation()
    sim.on().do(ok(tokens=1_000))
    assert finished(sim.plan(a_request())).output_tokens == pytest.approx(1_000, rel=0.03)


def test_an_empty_answer_is_an_answer() -> None:
    sim = Simulation()
    sim.on().do(ok(""))
    plan = sim.plan(a_request())
    assert (plan.pieces, finished(plan).output_tokens) == (NO_PIECES, 0)


def test_the_first_piece_comes_with_the_first_token_and_the_end_with_the_last() -> None:
    plan = Simulation(7, "typical").plan(a_request())
    assert plan.pieces[0].offset_seconds == plan.ttft_seconds
    assert plan.pieces[-1].offset_seconds == plan.ends_at_seconds


def test_an_answer_is_written_at_the_pace_of_its_model() -> None:
    sim = Simulation(7, "typical")
    sim.on().do(ok(tokens=3_000))
    plan = sim.plan(a_request())
    seconds = plan.ends_at_seconds - plan.ttft_seconds
    assert finished(plan).output_tokens / seconds == pytest.approx(75, rel=0.02)


@pytest.mark.parametrize("kind", [401, 429, 503, "content_filter", "quota_exhausted", "overloaded"])
def test_a_refusal_comes_instead_of_the_first_token(kind: int | str) -> None:
    sim = Simulation()
    sim.on().do(fail(kind))
    plan = sim.plan(a_request())
    assert (plan.pieces, plan.ends_at_seconds) == (NO_PIECES, plan.ttft_seconds)


def test_a_refusal_takes_as_long_as_the_script_says() -> None:
    sim = Simulation()
    sim.on().do(fail(503, seconds=5))
    assert sim.plan(a_request()).ends_at_seconds == 5


@pytest.mark.parametrize("kind", ["truncate", "reset"])
@pytest.mark.parametrize("key", KEYS)
def test_a_broken_stream_breaks_before_its_last_piece(kind: str, key: str) -> None:
    sim = Simulation(7)
    whole = sim.plan(a_request(draw_key=key))
    sim.on().do(fail(kind))
    broken = sim.plan(a_request(draw_key=key))
    assert 1 <= len(broken.pieces) < len(whole.pieces)
    assert broken.pieces == whole.pieces[: len(broken.pieces)]


def test_a_stream_breaks_after_as_many_tokens_as_the_script_says() -> None:
    sim = Simulation(7, "typical")
    sim.on().do(fail("reset", after_tokens=50))
    assert estimate_tokens(text_of(sim.plan(a_request()))) == pytest.approx(50, rel=0.15)


def test_a_time_out_is_silent_for_longer_than_anybody_waits() -> None:
    sim = Simulation()
    sim.on().do(fail("timeout"))
    plan = sim.plan(a_request())
    assert (fault(plan).code, plan.pieces, plan.ends_at_seconds) == ("provider_timeout", NO_PIECES, 600)


def test_calls_fail_as_often_as_the_profile_says() -> None:
    sim = Simulation(7, "stress")
    outcomes = Counter(sim.plan(a_request(draw_key=str(n))).outcome for n in range(2_000))
    assert outcomes["rate_limited"] / 2_000 == pytest.approx(0.15, rel=0.15)
    assert outcomes["provider_unavailable"] / 2_000 == pytest.approx(0.10, rel=0.15)
    assert outcomes["stream_truncated"] / 2_000 == pytest.approx(0.01, rel=0.5)


def test_a_rate_limit_drawn_by_the_profile_says_when_to_try_again() -> None:
    sim = Simulation(7, "stress")
    plans = [sim.plan(a_request(draw_key=str(n))) for n in range(500)]
    waits = [fault(plan).retry_after_seconds or 0 for plan in plans if plan.outcome == "rate_limited"]
    assert (min(waits), max(waits)) == (1, 20)
    assert mean(waits) == pytest.approx(10.5, abs=2)


def test_planning_leaves_no_trace() -> None:
    sim = Simulation()
    sim.plan(a_request())
    assert sim.calls == ()


def test_the_journal_says_what_was_called_and_how_it_ended_but_not_the_prompt() -> None:
    sim = Simulation()
    sim.on().do(fail(429))
    sim.record(a_request(), sim.plan(a_request()))
    (call,) = sim.calls
    assert (call.job_id, call.model, call.attempt, call.outcome) == (UUID(int=2), "gpt-5.2", 1, "rate_limited")
    assert "haiku" not in repr(call)


def test_the_journal_keeps_the_most_recent_calls() -> None:
    sim = Simulation()
    plan = sim.plan(a_request())
    list(map(sim.record, [a_request(attempt=n) for n in range(1, 10_003)], [plan] * 10_002))
    assert (len(sim.calls), sim.calls[0].attempt) == (10_000, 3)
