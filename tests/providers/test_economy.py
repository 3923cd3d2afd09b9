"""One suite for all that take batches: the adapters over simulated bytes, and the simulation without a wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.economy import BatchAnswer, BatchOutcome, RemoteBatch, RemoteState
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.contract.provider import GenerationRequest, Tool
from providers.economy_stage import Stage

STAGES = [("openai", "wire"), ("anthropic", "wire"), ("openai", "direct"), ("anthropic", "direct")]
OPENAI = [("openai", "wire"), ("openai", "direct")]


@pytest.fixture(params=STAGES, ids=" ".join)
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(*request.param, profile="fast")


def codes(outcomes: Mapping[UUID, BatchOutcome]) -> list[str]:
    """Return how the requests ended, by their numbers."""
    return [
        outcome.code if isinstance(outcome, ProviderError) else "ok"
        for _, outcome in sorted(outcomes.items(), key=lambda row: row[0].int)
    ]


def plain(answer: BatchOutcome) -> object:
    """Return an answer without what hangs on when and how it was asked."""
    assert isinstance(answer, BatchAnswer)
    return answer.text, answer.finished.replace(response_id=None, allowances=None)


def test_each_request_is_answered_as_it_is_by_itself(stage: Stage) -> None:
    requests = stage.requests(20)
    outcomes = stage.all_of(requests)

    async def one_by_one() -> list[object]:
        return [plain(await stage.alone(request.replace(streamed=False))) for request in requests]

    assert [plain(outcomes[request.job_id]) for request in requests] == stage.run(one_by_one)


def test_answers_come_in_another_order(stage: Stage) -> None:
    outcomes = stage.all_of(stage.requests(20))

    assert sorted(outcomes) == [UUID(int=number) for number in range(1, 21)]
    assert list(outcomes) != sorted(outcomes)


def test_a_batch_takes_its_time() -> None:
    stage = Stage("openai", "wire", profile="typical")
    stage.all_of(stage.requests(3))

    assert 60 < stage.sim.now < 86_400


def test_a_batch_that_goes_on_has_no_results(stage: Stage) -> None:
    async def too_early() -> RemoteBatch:
        batch = await stage.provider.submit_batch(stage.requests(2), token="one")
        assert (batch.state, batch.total) == (RemoteState.WORKING, 2)
        await stage.results(batch, stage.requests(2))
        return batch

    with pytest.raises(ProviderError) as refused:
        stage.run(too_early)
    assert (refused.value.code, refused.value.retryable) == ("batch_not_over", True)


def test_a_tool_is_called_from_a_batch(stage: Stage) -> None:
    place = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
    weather = Tool(name="weather", parameters=place)

    [outcome] = stage.all_of([stage.request(1, tools=(weather,))]).values()

    assert isinstance(outcome, BatchAnswer)
    assert [call.name for call in outcome.finished.tool_calls] == ["weather"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("content_filter", "content_filtered"),
        ("context_too_long", "context_too_long"),
        ("refusal", "refused"),
        ("quota_exhausted", "quota_exhausted"),
        (429, "rate_limited"),
        (500, "provider_unavailable"),
        (401, "invalid_api_key"),
        ("batch_expired", "batch_expired"),
    ],
)
def test_what_fails_fails_alone(stage: Stage, fault: str | int, code: str) -> None:
    stage.sim.on(prompt="*river 2").do(aijobs.fail(fault))

    assert codes(stage.all_of(stage.requests(3))) == ["ok", code, "ok"]


def test_a_request_that_expired_is_answered_at_its_next_attempt(stage: Stage) -> None:
    stage.sim.on(prompt="*river 2").do(aijobs.fail("batch_expired"))

    assert codes(stage.all_of([stage.request(2)])) == ["batch_expired"]
    assert codes(stage.all_of([stage.request(2, attempt=2)])) == ["ok"]


def test_a_cancelled_batch_keeps_what_was_answered(stage: Stage) -> None:
    async def cancel_half_way() -> tuple[RemoteState, Mapping[UUID, BatchOutcome]]:
        batch = await stage.provider.submit_batch(stage.requests(50), token="one")
        await stage.sim.clock.sleep(0.5)
        over = await stage.over(await stage.provider.cancel_batch(batch))
        return over.state, await stage.results(over, stage.requests(50))

    state, outcomes = stage.run(cancel_half_way)
    assert state is RemoteState.CANCELLED
    assert set(codes(outcomes)) == {"ok", "batch_cancelled"}


def test_cancelling_a_batch_that_is_over_changes_nothing(stage: Stage) -> None:
    async def cancel_late() -> RemoteState:
        over = await stage.over(await stage.provider.submit_batch(stage.requests(2), token="one"))
        return (await stage.provider.cancel_batch(over)).state

    assert stage.run(cancel_late) is RemoteState.ENDED


@pytest.mark.parametrize("stage", OPENAI, indirect=True, ids=" ".join)
def test_a_batch_with_too_many_tokens_is_taken_and_then_fails(stage: Stage) -> None:
    stage.sim.on(prompt="*river 2").do(aijobs.fail("token_limit_exceeded"))
    outcomes = stage.all_of(stage.requests(3))

    assert codes(outcomes) == ["batch_queue_full"] * 3
    assert not stage.sim.calls


@pytest.mark.parametrize("stage", OPENAI, indirect=True, ids=" ".join)
def test_a_batch_may_end_without_a_file_of_answers(stage: Stage) -> None:
    stage.sim.on(prompt="*river 2").do(aijobs.fail("no_output_file"))
    stage.sim.on(prompt="*river 3").do(aijobs.fail("content_filter"))

    expected = ["batch_result_missing", "batch_result_missing", "content_filtered"]
    assert codes(stage.all_of(stage.requests(3))) == expected


def test_a_batch_whose_making_nobody_heard_of_is_found_again(stage: Stage) -> None:
    intent = stage.intent("chunk 3", size=3)

    async def crash_and_look() -> tuple[RemoteBatch, RemoteBatch | None]:
        await stage.provider.submit_batch(stage.requests(3), token="chunk 2")
        lost = await stage.provider.submit_batch(stage.requests(3), token=intent.token)
        await stage.provider.submit_batch(stage.requests(3), token="chunk 4")
        return lost, await stage.found(intent, stage.new_provider())

    lost, found = stage.run(crash_and_look)
    assert found is not None
    assert found.id == lost.id


def test_a_batch_that_was_never_made_is_not_found(stage: Stage) -> None:
    intent = stage.intent("never", size=3)

    async def look() -> RemoteBatch | None:
        await stage.provider.submit_batch(stage.requests(3), token="another")
        return await stage.found(intent, stage.provider)

    assert stage.run(look) is None


def test_batches_from_before_the_intent_are_not_looked_at() -> None:
    stage = Stage("anthropic", "wire")

    async def look() -> RemoteBatch | None:
        await stage.provider.submit_batch(stage.requests(3), token="old")
        return await stage.provider.find_batch(stage.intent("new", size=3, after=timedelta(hours=2)))

    assert stage.run(look) is None


def test_a_batch_is_found_among_more_than_a_page_of_them() -> None:
    stage = Stage("openai", "wire")
    intent = stage.intent("first", size=1)

    async def look() -> bool:
        first = await stage.provider.submit_batch([stage.request(1)], token="first")
        submit = stage.provider.submit_batch
        await asyncio.gather(*(submit([stage.request(1)], token=str(number)) for number in range(120)))
        found = await stage.provider.find_batch(intent)
        return found is not None and found.id == first.id

    assert stage.run(look)


def test_answers_that_nobody_asked_for_are_left_out(stage: Stage) -> None:
    async def ask_for_one() -> Mapping[UUID, BatchOutcome]:
        batch = await stage.over(await stage.provider.submit_batch(stage.requests(3), token="one"))
        return await stage.results(batch, [stage.request(2)])

    assert list(stage.run(ask_for_one)) == [UUID(int=2)]


def unlike(stage: Stage) -> Mapping[str, Sequence[GenerationRequest]]:
    return {
        "empty": [],
        "of job": [stage.request(1), stage.request(1)],
        "several models": [stage.request(1), stage.request(2, model_id="another")],
    }


@pytest.mark.parametrize("problem", ["empty", "of job", "several models"])
def test_requests_that_cannot_be_one_batch_are_refused(stage: Stage, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem) as refused:
        stage.run(lambda: stage.provider.submit_batch(unlike(stage)[problem], token="one"))

    assert [one.field for one in refused.value.fields] == ["requests"]


def test_a_batch_takes_nothing_of_the_limits_of_calls(stage: Stage) -> None:
    stage.sim.limit(requests_per_minute=1)

    assert codes(stage.all_of(stage.requests(5))) == ["ok"] * 5


@pytest.mark.parametrize("fault", ["batch_expired", "token_limit_exceeded", "no_output_file"])
def test_what_goes_wrong_with_batches_meets_no_single_call(stage: Stage, fault: str) -> None:
    stage.sim.on().do(aijobs.fail(fault).forever())

    assert stage.run(lambda: stage.alone(stage.request(1))).text
