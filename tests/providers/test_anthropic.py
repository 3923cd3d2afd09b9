"""What only Claude's vendors have: their errors, their events, and the ways into AWS."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, GenerationChunk, GenerationRequest, Provider, TextChunk
from aijobs_sdk.providers.anthropic import adapter
from aijobs_sdk.providers.anthropic.adapter import Anthropic, Bedrock
from aijobs_sdk.providers.credentials import AnthropicKeys, BedrockKeys
from aijobs_sdk.providers.network import Network
from aijobs_sdk.simulation.wire import event_stream
from providers.loopback import Reply, endless, loopback

KEY = SecretStr("secret-key")
SIGNER = BedrockKeys(access_key_id=SecretStr("AKIA1"), secret_access_key=KEY)
PROMPT = "Write a haiku about rivers"
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}
USAGE = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 200,
    "output_tokens": 40,
    "output_tokens_details": {"thinking_tokens": 25},
}
MESSAGE: Mapping[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Slow water."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
START = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Slow water."}}
BLOCK_END = {"type": "content_block_stop", "index": 0}
WHY = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 40}}
END = {"type": "message_stop"}
DEEP = b'{"in": ' * 50_000 + b"1" + b"}" * 50_000
Respond = Callable[[httpx2.Request], httpx2.Response]


def over(respond: Respond) -> Network:
    return Network(lambda: httpx2.MockTransport(respond))


def request(**changes: object) -> GenerationRequest:
    asked = {
        "model": "claude-sonnet-4.5",
        "model_id": "claude-sonnet-4-5-20250929",
        "prompt": PROMPT,
        "streamed": False,
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=2),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
    return GenerationRequest.model_validate(asked | changes)


def ask(provider: Provider, **changes: object) -> list[GenerationChunk]:
    return asyncio.run(collect(provider, request(**changes)))


async def collect(provider: Provider, asked: GenerationRequest) -> list[GenerationChunk]:
    try:
        async with aclosing(provider.stream(asked)) as chunks:
            return [chunk async for chunk in chunks]
    finally:
        await provider.aclose()


def ask_anthropic(respond: Respond, **changes: object) -> list[GenerationChunk]:
    return ask(Anthropic(AnthropicKeys(api_key=KEY), network=over(respond)), **changes)


def ask_bedrock(respond: Respond, *, keys: BedrockKeys = SIGNER, **changes: object) -> list[GenerationChunk]:
    return ask(Bedrock(keys, network=over(respond)), **changes)


def whole(**changes: object) -> Respond:
    return lambda _: httpx2.Response(200, json={**MESSAGE, **changes}, headers={"request-id": "req_1"})


def streamed(*events: Mapping[str, Any]) -> Respond:
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return lambda _: httpx2.Response(200, text=lines, headers={"content-type": "text/event-stream"})


def frames(*frames_of: bytes) -> Respond:
    headers = {"content-type": event_stream.CONTENT_TYPE, "x-amzn-requestid": "aws-1"}
    return lambda _: httpx2.Response(200, content=b"".join(frames_of), headers=headers)


def frame(event: Mapping[str, Any]) -> bytes:
    data = base64.b64encode(json.dumps(event).encode()).decode()
    return event_stream.event("chunk", json.dumps({"bytes": data}).encode())


def anthropic_error(status: int, kind: str, message: str = "", **details: str) -> Respond:
    error = {"type": kind, "message": message, "details": details or None}
    body = {"type": "error", "error": error, "request_id": "req_2"}
    return lambda _: httpx2.Response(status, json=body)


def aws_error(status: int, kind: str, message: str = "") -> Respond:
    return lambda _: httpx2.Response(status, json={"message": message}, headers={"x-amzn-errortype": kind})


def failing(play: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        play()
    return raised.value


@pytest.mark.parametrize(
    ("respond", "code", "retryable"),
    [
        (anthropic_error(429, "rate_limit_error"), "rate_limited", True),
        (anthropic_error(429, "rate_limit_error", error_code="ramp_limit_exceeded"), "rate_limited", True),
        (anthropic_error(429, "rate_limit_error", error_code="enforced_spend_limit_reached"), "quota_exhausted", False),
        (anthropic_error(402, "billing_error"), "quota_exhausted", False),
        (anthropic_error(400, "invalid_request_error", "Your credit balance is too low."), "quota_exhausted", False),
        (
            anthropic_error(
                400, "invalid_request_error", "You have reached your specified workspace API usage limits."
            ),
            "quota_exhausted",
            False,
        ),
        (
            anthropic_error(400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
            "context_too_long",
            False,
        ),
        (
            anthropic_error(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 9 > 8"),
            "context_too_long",
            False,
        ),
        (
            anthropic_error(400, "invalid_request_error", "Output blocked by content filtering policy"),
            "content_filtered",
            False,
        ),
        (anthropic_error(400, "invalid_request_error", "messages: say no prompt is too long"), "bad_request", False),
        (anthropic_error(400, "invalid_request_error", error_code="organization_on_hold"), "invalid_api_key", False),
        (anthropic_error(404, "not_found_error", "model: claude-0"), "model_not_found", False),
        (anthropic_error(504, "timeout_error"), "provider_timeout", True),
        (anthropic_error(529, "overloaded_error"), "provider_unavailable", True),
        (lambda _: httpx2.Response(502, text="<html>"), "provider_unavailable", True),
        (lambda _: httpx2.Response(400, json=["?"]), "bad_request", False),
        (lambda _: httpx2.Response(400, json={"error": "?"}), "bad_request", False),
    ],
)
def test_an_error_of_anthropic_has_our_code(respond: Respond, code: str, *, retryable: bool) -> None:
    error = failing(lambda: ask_anthropic(respond))

    assert (error.code, error.retryable, error.provider) == (code, retryable, "anthropic")


@pytest.mark.parametrize(
    ("respond", "code", "retryable"),
    [
        (aws_error(429, "ThrottlingException:http://internal.amazon.com/coral/"), "rate_limited", True),
        (aws_error(429, "ThrottlingException", "Too many tokens per day, please wait."), "quota_exhausted", False),
        (aws_error(400, "ServiceQuotaExceededException"), "rate_limited", True),
        (aws_error(429, "ModelNotReadyException"), "provider_unavailable", True),
        (aws_error(503, "ServiceUnavailableException"), "provider_unavailable", True),
        (aws_error(424, "ModelErrorException"), "provider_unavailable", True),
        (aws_error(408, "ModelTimeoutException"), "provider_timeout", True),
        (aws_error(403, "AccessDeniedException"), "invalid_api_key", False),
        (aws_error(403, "ExpiredTokenException"), "invalid_api_key", False),
        (aws_error(404, "ResourceNotFoundException"), "model_not_found", False),
        (aws_error(400, "ValidationException", "The provided model identifier is invalid."), "model_not_found", False),
        (aws_error(400, "ValidationException", "Input is too long for requested model."), "context_too_long", False),
        (
            aws_error(400, "ValidationException", "The model returned the following errors: prompt is too long: 9 > 8"),
            "context_too_long",
            False,
        ),
        (aws_error(400, "ValidationException", "messages: at least one is required"), "bad_request", False),
        (
            lambda _: httpx2.Response(400, json={"__type": "com.amazon.coral.service#ServiceQuotaExceededException"}),
            "rate_limited",
            True,
        ),
    ],
)
def test_an_error_of_aws_has_our_code(respond: Respond, code: str, *, retryable: bool) -> None:
    error = failing(lambda: ask_bedrock(respond))

    assert (error.code, error.retryable, error.provider) == (code, retryable, "bedrock")


def test_an_error_shows_names_alone() -> None:
    error = failing(lambda: ask_anthropic(anthropic_error(400, "invalid_request_error", f"{PROMPT}? secret-key")))

    assert "invalid_request_error" in str(error)
    assert "req_2" in str(error)
    assert PROMPT not in str(error)
    assert "secret-key" not in str(error)
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        ("overloaded_error", "Overloaded", "provider_unavailable"),
        ("api_error", "Internal server error", "provider_unavailable"),
        ("rate_limit_error", "Slow down", "rate_limited"),
        ("invalid_request_error", "Output blocked by content filtering policy", "content_filtered"),
    ],
)
def test_an_error_in_an_answer_that_began_well_is_none_of_its_status(kind: str, message: str, code: str) -> None:
    told = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_3"}

    error = failing(lambda: ask_anthropic(streamed(START, BLOCK, DELTA, told), streamed=True))

    assert error.code == code
    assert "200" not in str(error)
    assert "req_3" in str(error)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("internalServerException", "provider_unavailable"),
        ("modelStreamErrorException", "provider_unavailable"),
        ("modelTimeoutException", "provider_timeout"),
        ("serviceUnavailableException", "provider_unavailable"),
        ("throttlingException", "rate_limited"),
        ("validationException", "bad_request"),
    ],
)
def test_an_exception_in_a_stream_of_aws_has_our_code(kind: str, code: str) -> None:
    sent = frames(frame(START), frame(BLOCK), event_stream.exception(kind, b'{"message": "?"}'))

    assert failing(lambda: ask_bedrock(sent, streamed=True)).code == code


@pytest.mark.parametrize(
    "sent",
    [
        event_stream.damaged(frame(DELTA)),
        event_stream.event("chunk", b'{"bytes": "!"}'),
        event_stream.event("chunk", json.dumps({"bytes": base64.b64encode(b"{").decode()}).encode()),
        event_stream.event("chunk", json.dumps({"bytes": base64.b64encode(DEEP).decode()}).encode()),
        event_stream.event("chunk", b"[1]"),
        event_stream.event("chunk", b'{"bytes": 5}'),
        event_stream.event("chunk", b'{"byte": ""}'),
        event_stream.event("chunk", DEEP),
    ],
    ids=["checksum", "base64", "json", "deep", "list", "number", "none", "deep-frame"],
)
def test_a_frame_that_cannot_be_read_is_an_error_that_may_pass(sent: bytes) -> None:
    error = failing(lambda: ask_bedrock(frames(frame(START), frame(BLOCK), sent), streamed=True))

    assert error.retryable


def test_an_event_too_deep_for_anthropics_library_is_an_error_that_may_pass() -> None:
    def respond(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"event: message_start\ndata: " + DEEP + b"\n\n")

    assert failing(lambda: ask_anthropic(respond, streamed=True)).code == "invalid_response"


def test_all_that_was_read_and_written_is_counted() -> None:
    [_, finished] = ask_anthropic(whole())

    assert isinstance(finished, Finished)
    assert (finished.input_tokens, finished.cached_input_tokens) == (235, 200)
    assert (finished.output_tokens, finished.reasoning_tokens) == (40, 25)


@pytest.mark.parametrize("count", [10**30, 2**63, -1, 1.5, "many"])
@pytest.mark.parametrize("name", ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"])
def test_counts_that_cannot_be_are_an_error_that_may_pass(name: str, count: object) -> None:
    error = failing(lambda: ask_anthropic(whole(usage={**USAGE, name: count})))

    assert (error.code, error.retryable) == ("invalid_response", True)


def test_counts_told_at_the_end_of_a_stream_replace_those_of_its_start() -> None:
    why = {**WHY, "usage": {"input_tokens": 6, "cache_read_input_tokens": None, "output_tokens": 41}}

    finished = ask_anthropic(streamed(START, BLOCK, DELTA, BLOCK_END, why, END), streamed=True)[-1]

    assert isinstance(finished, Finished)
    assert (finished.input_tokens, finished.output_tokens) == (236, 41)


def test_the_id_that_support_asks_for_is_that_of_the_request() -> None:
    [_, by_anthropic] = ask_anthropic(whole())
    sent = frames(frame(START), frame(BLOCK), frame(DELTA), frame(BLOCK_END), frame(WHY), frame(END))
    [_, by_aws] = ask_bedrock(sent, streamed=True)

    assert isinstance(by_anthropic, Finished)
    assert isinstance(by_aws, Finished)
    assert (by_anthropic.response_id, by_aws.response_id) == ("req_1", "aws-1")


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
    ],
)
def test_a_good_end_has_its_reason(stop_reason: str, expected: str) -> None:
    finished = ask_anthropic(whole(stop_reason=stop_reason))[-1]

    assert isinstance(finished, Finished)
    assert finished.finish_reason == expected


@pytest.mark.parametrize(
    ("stop_reason", "code"),
    [
        ("refusal", "refused"),
        ("pause_turn", "stream_truncated"),
        (None, "stream_truncated"),
        ("of_tomorrow", "invalid_response"),
    ],
)
def test_an_end_that_is_not_good_is_an_error(stop_reason: str | None, code: str) -> None:
    assert failing(lambda: ask_anthropic(whole(stop_reason=stop_reason))).code == code


def test_a_call_that_is_cut_off_with_the_answer_is_none() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
    part = {"type": "input_json_delta", "partial_json": '{"place": "U'}
    why = {**WHY, "delta": {"stop_reason": "max_tokens"}}
    sent = streamed(START, {**BLOCK, "content_block": call}, {**DELTA, "delta": part}, BLOCK_END, why, END)

    finished = ask_anthropic(sent, streamed=True, tools=[WEATHER])[-1]

    assert isinstance(finished, Finished)
    assert (finished.finish_reason, finished.tool_calls) == ("length", ())


@pytest.mark.parametrize(
    "events",
    [
        [START, BLOCK, DELTA, BLOCK_END, WHY, START, END],
        [START, BLOCK, BLOCK, DELTA, BLOCK_END, WHY, END],
        [START, BLOCK, DELTA, BLOCK_END, BLOCK_END, WHY, END],
        [START, BLOCK, DELTA, BLOCK_END, DELTA, WHY, WHY, END, END],
        [START, {"type": "ping"}, BLOCK, {"type": "of_tomorrow"}, DELTA, BLOCK_END, WHY, END],
    ],
    ids=["start", "block", "end-of-block", "after-the-block", "unknown"],
)
def test_an_event_of_which_there_is_one_is_taken_once(events: Sequence[Mapping[str, Any]]) -> None:
    [text, finished] = ask_anthropic(streamed(*events), streamed=True)

    assert text == TextChunk(text="Slow water.")
    assert isinstance(finished, Finished)
    assert finished.output_tokens == 40


@pytest.mark.parametrize("delta", [{}, {"stop_reason": None}])
def test_why_it_ended_is_not_forgotten_where_the_usage_comes_later(delta: Mapping[str, Any]) -> None:
    later = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 41}}
    finished = ask_anthropic(streamed(START, BLOCK, DELTA, BLOCK_END, WHY, later, END), streamed=True)[-1]

    assert isinstance(finished, Finished)
    assert (finished.finish_reason, finished.output_tokens) == ("stop", 41)


def test_the_same_words_twice_are_both_taken() -> None:
    chunks = ask_anthropic(streamed(START, BLOCK, DELTA, DELTA, BLOCK_END, WHY, END), streamed=True)

    assert chunks[:-1] == [TextChunk(text="Slow water."), TextChunk(text="Slow water.")]


@pytest.mark.parametrize(
    "events",
    [[BLOCK, DELTA], [START, DELTA], [START, {**BLOCK, "content_block": None}], [WHY], [END], [START, {"type": 1}]],
)
def test_events_that_make_no_answer_are_unreadable(events: Sequence[Mapping[str, Any]]) -> None:
    assert failing(lambda: ask_anthropic(streamed(*events, END), streamed=True)).code == "invalid_response"


@pytest.mark.parametrize("body", [[], {}, {**MESSAGE, "usage": None}, {**MESSAGE, "usage": {}}, {**MESSAGE, "id": 1}])
def test_a_body_that_is_no_answer_is_unreadable(body: object) -> None:
    error = failing(lambda: ask_anthropic(lambda _: httpx2.Response(200, json=body)))

    assert (error.code, error.__cause__) == ("invalid_response", None)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("billing_error", "quota_exhausted"),
        ("authentication_error", "invalid_api_key"),
        ("permission_error", "invalid_api_key"),
        ("rate_limit_error", "rate_limited"),
        ("api_error", "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_under_a_good_status_is_one(kind: str, code: str, *, streamed: bool) -> None:
    told = anthropic_error(200, kind, "Pay for the haiku first.")
    error = failing(lambda: ask_anthropic(told, streamed=streamed))

    assert (error.code, error.__cause__) == (code, None)
    assert "haiku" not in str(error)


def test_an_answer_that_comes_at_once_where_it_was_to_be_streamed_is_one() -> None:
    [text, finished] = ask_anthropic(whole(), streamed=True)

    assert text == TextChunk(text="Slow water.")
    assert isinstance(finished, Finished)


def test_an_answer_that_may_be_long_is_streamed_and_still_comes_in_one_piece() -> None:
    more = {**DELTA, "delta": {"type": "text_delta", "text": " It goes."}}

    [text, finished] = ask_anthropic(streamed(START, BLOCK, DELTA, more, BLOCK_END, WHY, END), max_output_tokens=30_000)

    assert text == TextChunk(text="Slow water. It goes.")
    assert isinstance(finished, Finished)


@pytest.mark.parametrize(("longest", "budget"), [(None, 16_000), (6_000, 3_000), (2_048, 1_024)])
def test_half_of_an_answer_is_left_for_its_words(longest: int | None, budget: int) -> None:
    sent = sent_to_anthropic(reasoning_effort="high", max_output_tokens=longest)

    assert sent["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert sent["max_tokens"] > budget


def test_who_has_no_room_to_think_does_not() -> None:
    assert "thinking" not in sent_to_anthropic(reasoning_effort="high", max_output_tokens=2_000)


def test_a_turn_in_which_nothing_stands_is_left_out() -> None:
    said = [{"role": "user", "content": "Is it wet?"}, {"role": "assistant", "content": ""}]

    [turn] = sent_to_anthropic(messages=said)["messages"]

    assert [block["text"] for block in turn["content"]] == ["Is it wet?", PROMPT]


def test_a_turn_that_tools_interrupted_is_not_thought_about_anew() -> None:
    call = {"id": "toolu_1", "name": "weather", "arguments": {}}
    said = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": "Rain.", "tool_call_id": "toolu_1"},
    ]

    assert "thinking" not in sent_to_anthropic(reasoning_effort="high", tools=[WEATHER], messages=said)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"any": {}}},
        {"type": "object", "properties": {"any": True}},
        {"type": "object", "properties": ["any"]},
        {"type": "object", "properties": {"odd": {"type": "tuple"}}},
    ],
)
def test_a_schema_that_cannot_be_kept_is_not_asked_for(schema: object) -> None:
    error = failing(lambda: ask_anthropic(whole(), output_schema=schema))

    assert (error.code, error.retryable) == ("unsupported", False)


def test_aws_is_not_sent_to_fetch_an_image() -> None:
    error = failing(lambda: ask_bedrock(whole(), images=[{"url": "https://example.org/river.jpg"}]))

    assert (error.code, error.provider, error.retryable) == ("unsupported", "bedrock", False)


def test_a_call_goes_to_the_region_of_its_route() -> None:
    sent = sent_to_bedrock(SIGNER, region="eu-central-1")

    assert sent.url.host == "bedrock-runtime.eu-central-1.amazonaws.com"
    assert "/eu-central-1/bedrock/" in sent.headers["authorization"]


def test_temporary_keys_of_aws_show_their_token() -> None:
    sent = sent_to_bedrock(replace(SIGNER, session_token=SecretStr("for-an-hour")))

    assert sent.headers["x-amz-security-token"] == "for-an-hour"
    assert "x-amz-security-token" in sent.headers["authorization"]


def test_a_key_of_bedrock_comes_before_those_of_aws() -> None:
    assert sent_to_bedrock(replace(SIGNER, bearer_token=KEY)).headers["authorization"] == "Bearer secret-key"


def test_a_key_in_the_environment_is_nothing_to_who_was_given_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "from-elsewhere")

    assert "Credential=AKIA1/" in sent_to_bedrock(SIGNER).headers["authorization"]


def test_credentials_that_run_out_are_renewed(aws_folder: Path) -> None:
    # Each time this is run it gives others, which are to be renewed at once.
    counted = aws_folder / "counted"
    program = aws_folder / "give.py"
    program.write_text(
        "import datetime, json, pathlib\n"
        f"counted = pathlib.Path({str(counted)!r})\n"
        "number = len(counted.read_text()) if counted.exists() else 0\n"
        "counted.write_text('x' * (number + 1))\n"
        "soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AKIA{number}', 'SecretAccessKey': 's',"
        " 'SessionToken': 't', 'Expiration': soon.isoformat()}))\n"
    )
    (aws_folder / "config").write_text(f"[default]\ncredential_process = {sys.executable} {program}\n")

    signers = {
        sent_to_bedrock(BedrockKeys(has_others=True), region="eu-west-1").headers["authorization"][:40] for _ in "ab"
    }

    assert len(signers) == 2


def test_who_has_no_credentials_of_aws_is_told(aws_folder: Path) -> None:
    (aws_folder / "config").touch()

    error = failing(lambda: ask_bedrock(whole(), keys=BedrockKeys(has_others=True), region="eu-north-1"))

    assert (error.code, error.retryable, error.provider) == ("invalid_api_key", False, "bedrock")
    assert "AWS_PROFILE" in str(error)


@pytest.mark.usefixtures("aws_folder")
def test_a_profile_that_aws_does_not_know_is_an_error_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    error = failing(lambda: ask_bedrock(whole(), keys=BedrockKeys(has_others=True), region="eu-south-1"))

    assert (error.code, error.retryable) == ("invalid_api_key", False)


def test_who_leaves_an_answer_hangs_up() -> None:
    asyncio.run(leave_an_endless_answer())


async def leave_an_endless_answer() -> None:
    events = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in (START, BLOCK, DELTA)]
    async with loopback(endless(*events)) as server:
        provider = Anthropic(AnthropicKeys(api_key=KEY, base_url=server.url))
        async with aclosing(provider.stream(request(streamed=True))) as chunks:
            assert await anext(chunks) == TextChunk(text="Slow water.")
        async with asyncio.timeout(5):
            await server.hung_up.wait()
        await provider.aclose()


def test_an_event_that_never_ends_is_an_error_and_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST_EVENT_BYTES", 100_000)
    sent: list[bytes] = []

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncGenerator[bytes]:
            while len(sent) < 1_000:
                sent.append(b"data: " + b"x" * 10_000)
                yield sent[-1]

    headers = {"content-type": "text/event-stream"}
    error = failing(
        lambda: ask_anthropic(lambda _: httpx2.Response(200, stream=Endless(), headers=headers), streamed=True)
    )

    assert (error.code, error.provider) == ("invalid_response", "anthropic")
    assert len(sent) < 20


def test_one_connection_serves_one_stream_after_another() -> None:
    assert asyncio.run(connections_of_three_streams()) == 1


async def connections_of_three_streams() -> int:
    events = [
        f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in (START, BLOCK, DELTA, BLOCK_END, WHY, END)
    ]
    async with loopback(ending_after(*events)) as server:
        provider = Anthropic(AnthropicKeys(api_key=KEY, base_url=server.url))
        for _ in "abc":
            async with aclosing(provider.stream(request(streamed=True))) as chunks:
                assert isinstance([chunk async for chunk in chunks][-1], Finished)
        await provider.aclose()
        return server.connections


def ending_after(*events: str) -> Reply:
    """Return a stream whose end is a packet of its own."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for event in events:
            writer.write(b"%x\r\n%s\r\n" % (len(event), event.encode()))
            await writer.drain()
        await asyncio.sleep(0.01)  # or the end would be there with the last event
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return reply


@pytest.fixture
def aws_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the user's own, and no other source of credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def sent_to_anthropic(**changes: object) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []

    def respond(asked: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(asked.content))
        return whole()(asked)

    ask_anthropic(respond, **changes)
    return sent[0]


def sent_to_bedrock(keys: BedrockKeys, **changes: object) -> httpx2.Request:
    sent: list[httpx2.Request] = []

    def respond(asked: httpx2.Request) -> httpx2.Response:
        sent.append(asked)
        return whole()(asked)

    ask_bedrock(respond, keys=keys, **changes)
    return sent[0]


@pytest.mark.parametrize(
    ("status", "kind", "told", "retryable"),
    [
        (529, "overloaded_error", "false", False),
        (400, "invalid_request_error", "true", True),
        (402, "billing_error", "true", False),
    ],
)
def test_an_answer_that_says_whether_to_ask_again_is_obeyed(status: int, kind: str, told: str, retryable: bool) -> None:
    """As by Anthropic's own library; a limit of spending alone stays one, whatever a header says."""
    body = {"type": "error", "error": {"type": kind, "message": ""}}
    error = failing(
        lambda: ask_anthropic(lambda _: httpx2.Response(status, json=body, headers={"x-should-retry": told}))
    )
    assert error.retryable is retryable
