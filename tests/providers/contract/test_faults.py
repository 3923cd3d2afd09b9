"""Every fault of a provider comes out as one of ours, whatever the vendor's library makes of it."""

from __future__ import annotations

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.simulation.faults import FaultKind, named_fault, status_fault
from aijobs_sdk.simulation.script import Step
from providers.contract.stage import PROMPT, Stage

streamed_or_not = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
STATUSES = [400, 401, 403, 408, 413, 429, 500, 502, 503, 529]
MID_ANSWER = [kind for kind in FaultKind if named_fault(kind).is_mid_answer]
SAY_WHEN_TO_COME_BACK = ["openai", "anthropic", "vertex"]
"""AWS documents no such thing for Bedrock."""
ASK_FOR_MONEY = ["openai", "anthropic", "vertex"]
"""AWS has another status for it."""
ONLY_IN_STREAMS = {FaultKind.ERROR_EVENT, FaultKind.TRUNCATE, FaultKind.MALFORMED_EVENT}


def _error_of(stage: Stage, step: Step, *, streamed: bool = True) -> ProviderError:
    stage.sim.on().do(step)
    with pytest.raises(ProviderError) as raised:
        stage.ask(stage.request(streamed=streamed))
    return raised.value


@streamed_or_not
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_means_what_it_means_everywhere(stage: Stage, status: int, *, streamed: bool) -> None:
    error = _error_of(stage, aijobs.fail(status), streamed=streamed)

    expected = status_fault(status)
    assert (error.code, error.category, error.retryable) == (expected.code, expected.category, expected.retryable)
    assert error.provider == stage.provider


@streamed_or_not
def test_a_conflict_with_another_call_may_pass(stage: Stage, *, streamed: bool) -> None:
    error = _error_of(stage, aijobs.fail(409), streamed=streamed)

    assert (error.code, error.retryable, error.overloaded) == ("provider_unavailable", True, False)


@streamed_or_not
@pytest.mark.parametrize("kind", sorted(set(FaultKind) - ONLY_IN_STREAMS))
def test_a_fault_has_its_documented_code(stage: Stage, kind: FaultKind, *, streamed: bool) -> None:
    error = _error_of(stage, aijobs.fail(kind), streamed=streamed)

    expected = named_fault(kind)
    assert (error.code, error.category, error.retryable) == (expected.code, expected.category, expected.retryable)


@pytest.mark.parametrize("kind", MID_ANSWER)
def test_a_fault_in_the_middle_of_a_stream_has_its_documented_code(stage: Stage, kind: FaultKind) -> None:
    error = _error_of(stage, aijobs.fail(kind, after_tokens=10))

    expected = named_fault(kind)
    assert (error.code, error.category, error.retryable) == (expected.code, expected.category, expected.retryable)


@pytest.mark.parametrize("after_tokens", [0, 1, 10])
def test_a_stream_that_just_stops_is_no_answer(stage: Stage, after_tokens: int) -> None:
    error = _error_of(stage, aijobs.fail("truncate", after_tokens=after_tokens))

    assert error.code == "stream_truncated"


@streamed_or_not
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("stage", SAY_WHEN_TO_COME_BACK, indirect=True)
def test_the_wait_that_a_provider_asks_for_is_told(stage: Stage, status: int, *, streamed: bool) -> None:
    error = _error_of(stage, aijobs.fail(status, retry_after=20), streamed=streamed)

    assert error.retry_after_seconds == 20


@pytest.mark.parametrize("stage", ASK_FOR_MONEY, indirect=True)
def test_who_wants_to_be_paid_first_is_not_asked_again(stage: Stage) -> None:
    error = _error_of(stage, aijobs.fail(402))

    assert (error.code, error.category, error.retryable) == ("quota_exhausted", "quota", False)


def test_no_error_tells_a_prompt_or_a_key(stage: Stage) -> None:
    error = _error_of(stage, aijobs.fail(401))

    assert PROMPT not in str(error)
    assert "made-up" not in str(error)
