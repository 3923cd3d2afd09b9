"""What Anthropic's own client can do."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import httpx2
import pytest

import aijobs_sdk as aijobs
from simulation.compat.check import Surface
from simulation.compat.examples import CLAUDE_TOOLS, LONG_RULES, MESSAGES, THINKING, Forecast
from simulation.compat.hosts import CLAUDE, Host

MESSAGE, OTHERS = Surface("Anthropic messages"), Surface("Anthropic others")
ERRORS = Surface("Anthropic errors and headers")
ASKED: dict[str, Any] = {"model": CLAUDE, "max_tokens": 2000, "messages": MESSAGES}


async def create(host: Host, **changes: Any) -> Any:
    return await host.anthropic().messages.create(**{**ASKED, **changes})


async def events_of(host: Host, **changes: Any) -> list[Any]:
    return [event async for event in await create(host, stream=True, **changes)]


async def final_message(host: Host, **changes: Any) -> Any:
    async with host.anthropic().messages.stream(**{**ASKED, **changes}) as stream:
        return await stream.get_final_message()


@MESSAGE.check("create: text, stop reason, usage")
async def _(host: Host) -> None:
    message = await create(host)
    assert (message.content[0].type, message.stop_reason, message.model) == ("text", "end_turn", CLAUDE)
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0


@MESSAGE.check("`.stream()` helper: the same text, final message")
async def _(host: Host) -> None:
    streamed, whole = await final_message(host), await create(host)
    assert (streamed.content[0].text, streamed.usage) == (whole.content[0].text, whole.usage)


@MESSAGE.check("stream: events from `message_start` to `message_stop`")
async def _(host: Host) -> None:
    kinds = [event.type for event in await events_of(host)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


@MESSAGE.check("thinking blocks, signed and counted")
async def _(host: Host) -> None:
    message = await create(host, thinking=THINKING)
    thought, text = message.content
    assert (thought.type, bool(thought.signature), text.type) == ("thinking", True, "text")
    assert 0 < message.usage.output_tokens_details.thinking_tokens < message.usage.output_tokens


@MESSAGE.check("thinking blocks, streamed")
async def _(host: Host) -> None:
    thought, text = (await final_message(host, thinking=THINKING)).content
    assert (bool(thought.thinking), bool(thought.signature), bool(text.text)) == (True, True, True)


@MESSAGE.check("tool use: input fits the schema")
async def _(host: Host) -> None:
    message = await create(host, tools=CLAUDE_TOOLS)
    assert (message.content[0].name, message.stop_reason) == ("weather", "tool_use")
    assert Forecast.model_validate(message.content[0].input).city


@MESSAGE.check("tool use, streamed")
async def _(host: Host) -> None:
    message = await final_message(host, tools=CLAUDE_TOOLS)
    assert Forecast.model_validate(message.content[0].input).city


@MESSAGE.check("tool result: words follow")
async def _(host: Host) -> None:
    called = (await create(host, tools=CLAUDE_TOOLS)).content
    result = {"type": "tool_result", "tool_use_id": called[0].id, "content": "sunny"}
    turns = [*MESSAGES, {"role": "assistant", "content": called}, {"role": "user", "content": [result]}]
    assert (await create(host, tools=CLAUDE_TOOLS, messages=turns)).stop_reason == "end_turn"


@MESSAGE.check("structured output: `.parse()` into a model")
async def _(host: Host) -> None:
    parsed = await host.anthropic().messages.parse(**ASKED, output_format=Forecast)
    assert isinstance(parsed.parsed_output, Forecast)


@MESSAGE.check("`stop_sequences`: the answer names the one it ended before")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.ok("One river, two rivers."))
    message = await create(host, stop_sequences=[", "])
    assert (message.content[0].text, message.stop_reason, message.stop_sequence) == ("One river", "stop_sequence", ", ")


@MESSAGE.check("`max_tokens`: stop reason `max_tokens`")
async def _(host: Host) -> None:
    message = await create(host, max_tokens=5)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens <= 5


@MESSAGE.check("prompt caching: tokens written, then read")
async def _(host: Host) -> None:
    marked = [{"type": "text", "text": LONG_RULES, "cache_control": {"type": "ephemeral"}}]
    first, second = (await create(host, system=marked)).usage, (await create(host, system=marked)).usage
    assert (first.cache_creation_input_tokens > 1024, first.cache_read_input_tokens) == (True, 0)
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens


@OTHERS.check("count_tokens: as many as a message takes")
async def _(host: Host) -> None:
    counted = await host.anthropic().messages.count_tokens(model=CLAUDE, messages=MESSAGES)
    assert counted.input_tokens == (await create(host)).usage.input_tokens


@OTHERS.check("batches: create, retrieve, results")
async def _(host: Host) -> None:
    batches = host.anthropic().messages.batches
    asked: Any = [{"custom_id": name, "params": ASKED} for name in ("one", "two")]
    made = await batches.create(requests=asked)
    while (await batches.retrieve(made.id)).processing_status != "ended":  # noqa: ASYNC110 - a vendor is polled
        await asyncio.sleep(0.2)
    results = {line.custom_id: line.result.type async for line in await batches.results(made.id)}
    assert results == {"one": "succeeded", "two": "succeeded"}


@OTHERS.check("models: list and retrieve")
async def _(host: Host) -> None:
    models = host.anthropic().models
    assert (await models.retrieve("claude-sonnet-4-5")).id in [model.id async for model in models.list()]


async def refused(host: Host, fault: int | str, error: type[anthropic.APIError], **changes: Any) -> Any:
    """Return the error that the client raises for a fault."""
    host.world.on().do(aijobs.fail(fault, retry_after=None if fault != 429 else 20))
    with pytest.raises(error) as caught:
        await create(host, **changes)
    return caught.value


@ERRORS.check("400 → BadRequestError where `max_tokens` is missing")
async def _(host: Host) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Field required"):
        await create(host, max_tokens=anthropic.omit, timeout=60)  # told one, the client does not work one out


@ERRORS.check("401 → AuthenticationError")
async def _(host: Host) -> None:
    assert (await refused(host, "auth", anthropic.AuthenticationError)).type == "authentication_error"


@ERRORS.check("403 → PermissionDeniedError")
async def _(host: Host) -> None:
    assert (await refused(host, 403, anthropic.PermissionDeniedError)).type == "permission_error"


@ERRORS.check("404 → NotFoundError for a model that is not there")
async def _(host: Host) -> None:
    with pytest.raises(anthropic.NotFoundError, match="claude-9"):
        await create(host, model="claude-9")


@ERRORS.check("429 → RateLimitError with retry-after")
async def _(host: Host) -> None:
    error = await refused(host, 429, anthropic.RateLimitError)
    assert (error.type, error.response.headers["retry-after"]) == ("rate_limit_error", "20")


@ERRORS.check("500 → InternalServerError")
async def _(host: Host) -> None:
    assert (await refused(host, 500, anthropic.InternalServerError)).type == "api_error"


@ERRORS.check("529 → overloaded_error")
async def _(host: Host) -> None:
    error = await refused(host, "overloaded", anthropic.InternalServerError)
    assert (error.status_code, error.type) == (529, "overloaded_error")


@ERRORS.check("request id in the header and in the body of an error")
async def _(host: Host) -> None:
    error = await refused(host, 400, anthropic.BadRequestError)
    assert error.body["request_id"] == error.request_id == error.response.headers["request-id"]


@ERRORS.check("silence → APITimeoutError")
async def _(host: Host) -> None:
    await refused(host, "timeout", anthropic.APITimeoutError, timeout=0.3)


@ERRORS.check("connection lost in a stream → httpx2.RemoteProtocolError, as the client leaves it")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("reset", after_tokens=20))
    with pytest.raises(httpx2.RemoteProtocolError):
        await events_of(host)


@ERRORS.check("error event in a stream → APIStatusError, overloaded_error")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("error_event", after_tokens=20))
    with pytest.raises(anthropic.APIStatusError) as caught:
        await events_of(host)
    assert caught.value.type == "overloaded_error"


@ERRORS.check("a stream cut short has no stop reason")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("truncate", after_tokens=20))
    assert (await final_message(host)).stop_reason is None


@ERRORS.check("the client's own retries wait for `retry-after`")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(529, retry_after=1), aijobs.ok("At last."))
    message: Any = await host.anthropic(max_retries=1).messages.create(**ASKED)
    assert message.content[0].text == "At last."
    host.world.verdict().assert_ok()


@ERRORS.check("headers: live `anthropic-ratelimit-*` on every answer")
async def _(host: Host) -> None:
    usual = (await host.anthropic().messages.with_raw_response.create(**ASKED)).headers
    assert int(usual["anthropic-ratelimit-requests-remaining"]) == int(usual["anthropic-ratelimit-requests-limit"]) - 1
    host.world.limit(requests_per_minute=10)
    headers = (await host.anthropic().messages.with_raw_response.create(**ASKED)).headers
    assert headers["request-id"].startswith("req_")
    limit = [headers[f"anthropic-ratelimit-requests-{name}"] for name in ("limit", "remaining")]
    assert limit == ["10", "9"]
