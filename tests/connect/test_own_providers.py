"""A provider of one's own, outside of mock mode: what it says is counted and billed as it says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.providers.failures import status_failure
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.token_counts import count_tokens
from aijobs_sdk.providers.tokens import estimate_tokens

PROMPT = "Antidisestablishmentarianism, floccinaucinihilipilification and their kin, e.g. Donaudampfschiff"


class Scribe:
    """Answers for OpenAI."""

    name = "openai"

    def __init__(self) -> None:
        self.closed = 0

    async def stream(self, request: aijobs.GenerationRequest) -> AsyncGenerator[aijobs.TextChunk | aijobs.Finished]:
        yield aijobs.TextChunk(text=f"{request.model_id} heard it.")
        yield aijobs.Finished(
            finish_reason="stop",
            input_tokens=1_000,
            cached_input_tokens=800,
            output_tokens=100,
            reasoning_tokens=60,
            served_model="gpt-5.2-2025-12-11",
            response_id="resp_1",
        )

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture
def scribe() -> Scribe:
    return Scribe()


@pytest.fixture
def client(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs.Client]:
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    with aijobs.Client(providers=[scribe]) as client:
        yield client


def test_it_is_asked_in_place_of_ours(client: aijobs.Client) -> None:
    assert client.submit(PROMPT, model="gpt-5.2").result().content == "gpt-5.2 heard it."


def test_what_it_knew_from_before_costs_less(client: aijobs.Client) -> None:
    result = client.submit(PROMPT, model="gpt-5.2").result()
    table = ModelTable.load()

    assert (result.cached_input_tokens, result.reasoning_tokens) == (800, 60)
    assert result.metered_credits == table.credits(table.get("gpt-5.2"), 1_000, 100, cached_input_tokens=800)
    assert result.metered_credits < table.credits(table.get("gpt-5.2"), 1_000, 100)


def test_who_answered_is_in_the_usage_row(client: aijobs.Client) -> None:
    client.submit(PROMPT, model="gpt-5.2").result()
    [row] = client.usage()

    assert row.metadata["served_model"] == "gpt-5.2-2025-12-11"
    assert row.metadata["response_id"] == "resp_1"


def test_a_job_is_quoted_by_the_vocabulary_of_its_model(client: aijobs.Client) -> None:
    result = client.submit(PROMPT, model="gpt-5.2", max_tokens=10).result()
    table, exact = ModelTable.load(), count_tokens(PROMPT, "o200k_base")

    assert exact.method == "exact:o200k_base"
    assert exact.tokens != estimate_tokens(PROMPT)
    assert result.credits_used == table.credits(table.get("gpt-5.2"), exact.tokens, 10)


def test_the_job_of_a_schedule_is_quoted_as_one_that_is_submitted(
    client: aijobs.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aijobs_sdk.providers.token_counts._loaded", {})  # as in a process that has just begun
    asked = {"prompt": PROMPT, "model": "gpt-5.2", "max_tokens": 10}
    schedule = client.schedule("yearly", cron="0 3 1 1 *", type="ai_generation", payload=asked)
    quoted = client.estimate(PROMPT, model="gpt-5.2", max_tokens=10).credits

    assert schedule.payload["estimated_credits"] == str(quoted)


def test_it_is_closed_with_the_client(client: aijobs.Client, scribe: Scribe) -> None:
    client.submit(PROMPT, model="gpt-5.2").result()
    client.close()
    assert scribe.closed == 1


class OutOfOrder(Scribe):
    async def stream(self, request: aijobs.GenerationRequest) -> AsyncGenerator[aijobs.TextChunk | aijobs.Finished]:
        yield aijobs.TextChunk(text="Half an ans")
        raise status_failure(503).error(self.name)


class Anthropic(Scribe):
    name = "anthropic"


def test_a_model_stands_in_by_its_first_route_that_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    with aijobs.Client(providers=[OutOfOrder(), Anthropic()]) as client:
        result = client.submit(PROMPT, model="gpt-5.2", fallback=True, max_attempts=1).result()
    assert (result.model, result.provider) == ("claude-sonnet-4.5", "anthropic")


def test_a_model_that_cannot_be_asked_here_stands_in_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    with aijobs.Client(providers=[OutOfOrder()]) as client:
        job = client.submit(PROMPT, model="gpt-5.2", fallback=["claude-sonnet-4.5"], max_attempts=1).wait()
    assert job.error is not None
    assert job.error.code == "provider_unavailable"
