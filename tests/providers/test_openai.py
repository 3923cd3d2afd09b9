"""What only OpenAI has: its events, and how its answers end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any
from uuid import UUID

import httpx2
import pytest

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, GenerationChunk, GenerationRequest, TextChunk
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.openai.adapter import OpenAI

RESPONSE: Mapping[str, Any] = {
    "id": "resp_1",
    "model": "gpt-5.2-2025-12-11",
    "status": "completed",
    "error": None,
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Slow water."}]}],
    "usage": {"input_tokens": 5, "output_tokens": 3},
}
DELTA = {"type": "response.output_text.delta", "delta": "Slow water."}
UNCOUNTED = {**RESPONSE, "usage": None}
END = {"type": "response.completed", "response": RESPONSE}


def request(**changes: object) -> GenerationRequest:
    asked = {
        "model": "gpt-5.2",
        "model_id": "gpt-5.2",
        "prompt": "Write a haiku about rivers",
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=2),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
    return GenerationRequest.model_validate(asked | changes)


def ask(answer: httpx2.Response, **changes: object) -> list[GenerationChunk]:
    network = Network(open_transport=lambda: httpx2.MockTransport(lambda _: answer))
    adapter = OpenAI(Credentials.made_up().openai, network=network)
    return asyncio.run(collect(adapter, request(**changes)))


async def collect(adapter: OpenAI, asked: GenerationRequest) -> list[GenerationChunk]:
    try:
        async with aclosing(adapter.stream(asked)) as chunks:
            return [chunk async for chunk in chunks]
    finally:
        await adapter.aclose()


def ended(answer: httpx2.Response, **changes: object) -> Finished:
    finished = ask(answer, **changes)[-1]
    assert isinstance(finished, Finished)
    return finished


def error_of(answer: httpx2.Response, **changes: object) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        ask(answer, **changes)
    return raised.value


def whole(**changes: object) -> httpx2.Response:
    return httpx2.Response(200, json={**RESPONSE, **changes})


def stream(*events: Mapping[str, Any]) -> httpx2.Response:
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return httpx2.Response(200, text=lines, headers={"content-type": "text/event-stream"})


@pytest.mark.parametrize("delta", [None, 5, {"text": "Slow"}, ["Slow"]])
def test_a_piece_that_is_no_text_is_an_error_that_may_pass(delta: object) -> None:
    error = error_of(stream({**DELTA, "delta": delta}, END))

    assert (error.code, error.retryable) == ("invalid_response", True)


@pytest.mark.parametrize("count", [10**30, 2**63, -1, 1.5, "many", None])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
def test_counts_that_cannot_be_are_an_error_that_may_pass(name: str, count: object) -> None:
    usage = {**RESPONSE["usage"], name: count}

    assert error_of(whole(usage=usage), streamed=False).code == "invalid_response"
    assert error_of(stream({**END, "response": {**RESPONSE, "usage": usage}})).code == "invalid_response"


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        ({"code": "insufficient_quota"}, "quota_exhausted", False),
        ({"code": "context_length_exceeded"}, "context_too_long", False),
        ({"code": 429, "message": "Slow down, please."}, "provider_unavailable", True),
        ("Slow down, please.", "provider_unavailable", True),
        (None, "invalid_response", True),
    ],
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_an_error_under_a_good_status_is_one(content_type: str, error: object, code: str, retryable: bool) -> None:
    body = json.dumps({"error": error})
    told = f"data: {body}\n\n" if content_type == "text/event-stream" else body
    answer = httpx2.Response(200, text=told, headers={"content-type": content_type})
    raised = error_of(answer, streamed=content_type == "text/event-stream")

    assert (raised.code, raised.retryable) == (code, retryable)
    assert "Slow down" not in str(raised)


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_without_its_usage_is_told_as_one(streamed: bool) -> None:
    answer = stream(DELTA, {**END, "response": UNCOUNTED}) if streamed else whole(usage=None)
    error = error_of(answer, streamed=streamed)

    assert error.code == "invalid_response"
    assert "how many tokens" in error.message


@pytest.mark.parametrize("pieces", [[], ["Slow"], ["Slow", " water."]])
def test_what_comes_in_no_piece_comes_with_the_end(pieces: list[str]) -> None:
    *texts, _ = ask(stream(*({**DELTA, "delta": piece} for piece in pieces), END))

    assert "".join(chunk.text for chunk in texts if isinstance(chunk, TextChunk)) == "Slow water."


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("failed", "provider_unavailable"),
        ("cancelled", "provider_unavailable"),
        ("in_progress", "stream_truncated"),
        ("queued", "stream_truncated"),
        ("of_tomorrow", "invalid_response"),
    ],
)
@pytest.mark.parametrize("usage", [RESPONSE["usage"], None])
def test_an_answer_that_tells_no_error_and_no_good_end_is_none(status: str, usage: object, code: str) -> None:
    error = error_of(whole(status=status, usage=usage), streamed=False)

    assert (error.code, error.retryable) == (code, True)


@pytest.mark.parametrize("streamed", [True, False])
def test_what_is_told_as_null_is_nothing(streamed: bool) -> None:
    thought = {"type": "reasoning", "content": None, "name": None, "call_id": None, "arguments": None}
    usage = {**RESPONSE["usage"], "input_tokens_details": None, "output_tokens_details": {"reasoning_tokens": None}}
    told = {**RESPONSE, "output": [thought, *RESPONSE["output"]], "usage": usage, "incomplete_details": None}

    finished = ended(stream(DELTA, {**END, "response": told}) if streamed else whole(**told), streamed=streamed)

    assert (finished.finish_reason, finished.input_tokens, finished.output_tokens) == ("stop", 5, 3)
    assert (finished.cached_input_tokens, finished.reasoning_tokens) == (0, 0)


def test_an_answer_that_is_cut_off_for_no_reason_is_an_answer() -> None:
    answer = whole(status="incomplete", incomplete_details={"reason": None})

    assert ended(answer, streamed=False).finish_reason == "length"


@pytest.mark.parametrize(
    ("status", "error_code", "told", "retryable"),
    [
        (503, None, "false", False),
        (429, "rate_limit_exceeded", "false", False),
        (400, None, "true", True),
        (429, "insufficient_quota", "true", False),
        (503, None, "perhaps", True),
    ],
)
def test_an_answer_that_says_whether_to_ask_again_is_obeyed(
    status: int, error_code: str | None, told: str, retryable: bool
) -> None:
    """As by OpenAI's own library; an exhausted quota alone stays one, whatever a header says."""
    headers = {"x-should-retry": told, "retry-after": "7"}
    error = error_of(httpx2.Response(status, json={"error": {"code": error_code}}, headers=headers))
    assert (error.retryable, error.retry_after_seconds) == (retryable, 7 if retryable else None)
