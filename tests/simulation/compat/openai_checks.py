"""What OpenAI's own client can do."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import Any

import openai
import pytest
from PIL import Image

import aijobs_sdk as aijobs
from simulation.compat.check import Surface
from simulation.compat.examples import CHAT_TOOLS, MESSAGES, RESPONSE_TOOLS, RIVERS, Forecast
from simulation.compat.hosts import EMBEDDING, GPT, PICTURE, Host

CHAT, RESPONSES, OTHERS = Surface("OpenAI chat"), Surface("OpenAI responses"), Surface("OpenAI others")
ERRORS = Surface("OpenAI errors and headers")


async def chat(host: Host, **request: Any) -> Any:
    create: Any = host.openai().chat.completions.create
    return await create(**{"model": GPT, "messages": MESSAGES} | request)


async def chunks_of(host: Host, **request: Any) -> list[Any]:
    return [chunk async for chunk in await chat(host, stream=True, **request)]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def respond(host: Host, **request: Any) -> Any:
    create: Any = host.openai().responses.create
    return await create(**{"model": GPT, "input": RIVERS} | request)


async def streamed_response(host: Host, **request: Any) -> tuple[list[str], Any]:
    async with host.openai().responses.stream(**{"model": GPT, "input": RIVERS} | request) as stream:
        return [event.type async for event in stream], await stream.get_final_response()


@CHAT.check("create: text, finish reason, usage")
async def _(host: Host) -> None:
    answer = await chat(host)
    assert answer.choices[0].finish_reason == "stop"
    assert "ivers" in answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@CHAT.check("stream: the same text, in pieces")
async def _(host: Host) -> None:
    chunks = await chunks_of(host)
    assert len(chunks) > 5
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert text_of(chunks) == (await chat(host)).choices[0].message.content


@CHAT.check("stream with usage")
async def _(host: Host) -> None:
    chunks = await chunks_of(host, stream_options={"include_usage": True})
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0


@CHAT.check("`.stream()` helper, final completion")
async def _(host: Host) -> None:
    async with host.openai().chat.completions.stream(model=GPT, messages=MESSAGES) as stream:
        kinds = {event.type async for event in stream}
        final = await stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content


@CHAT.check("usage details: reasoning and cached tokens")
async def _(host: Host) -> None:
    usage = (await chat(host, reasoning_effort="low")).usage
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens == 0


@CHAT.check("tool call: arguments fit the schema")
async def _(host: Host) -> None:
    choice = (await chat(host, tools=CHAT_TOOLS)).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert 1 <= Forecast.model_validate_json(choice.message.tool_calls[0].function.arguments).days <= 7


@CHAT.check("tool call, streamed")
async def _(host: Host) -> None:
    chunks = await chunks_of(host, tools=CHAT_TOOLS)
    parts = [call.function.arguments or "" for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert Forecast.model_validate_json("".join(parts)).city
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@CHAT.check("tool result: words follow")
async def _(host: Host) -> None:
    called = (await chat(host, tools=CHAT_TOOLS)).choices[0].message
    result = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "sunny"}
    answer = await chat(host, tools=CHAT_TOOLS, messages=[*MESSAGES, called.model_dump(exclude_none=True), result])
    assert (answer.choices[0].finish_reason, answer.choices[0].message.tool_calls) == ("stop", None)


@CHAT.check("structured output: `.parse()` into a model")
async def _(host: Host) -> None:
    answer = await host.openai().chat.completions.parse(model=GPT, messages=MESSAGES, response_format=Forecast)
    assert isinstance(answer.choices[0].message.parsed, Forecast)


@CHAT.check("JSON mode")
async def _(host: Host) -> None:
    answer = await chat(host, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


@CHAT.check("`max_completion_tokens`: finish reason `length`")
async def _(host: Host) -> None:
    answer = await chat(host, max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens <= 5


@CHAT.check("`stop`: the answer ends before it")
async def _(host: Host) -> None:
    host.world.on(model=GPT).do(aijobs.ok("One river, two rivers."))
    answer = await chat(host, stop=", ")
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("One river", "stop")


@RESPONSES.check("create: text, status, usage")
async def _(host: Host) -> None:
    response = await respond(host)
    assert (response.status, "ivers" in response.output_text) == ("completed", True)
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@RESPONSES.check("`.stream()` helper: events in order, final response")
async def _(host: Host) -> None:
    kinds, final = await streamed_response(host)
    assert kinds[:3] == ["response.created", "response.in_progress", "response.output_item.added"]
    assert kinds[-1] == "response.completed"
    assert final.output_text == (await respond(host)).output_text


@RESPONSES.check("create with `stream=True`: numbered events")
async def _(host: Host) -> None:
    events = [event async for event in await respond(host, stream=True)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


@RESPONSES.check("reasoning: summary and token details")
async def _(host: Host) -> None:
    kinds, final = await streamed_response(host, reasoning={"effort": "low", "summary": "auto"})
    assert "response.reasoning_summary_text.delta" in kinds
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert 0 < final.usage.output_tokens_details.reasoning_tokens < final.usage.output_tokens


@RESPONSES.check("tool call, streamed: arguments fit the schema")
async def _(host: Host) -> None:
    kinds, final = await streamed_response(host, tools=RESPONSE_TOOLS)
    assert "response.function_call_arguments.done" in kinds
    assert Forecast.model_validate_json(final.output[0].arguments).city


@RESPONSES.check("tool result: words follow")
async def _(host: Host) -> None:
    called = (await respond(host, tools=RESPONSE_TOOLS)).output[0]
    result = {"type": "function_call_output", "call_id": called.call_id, "output": "sunny"}
    turns = [*MESSAGES, called.model_dump(exclude_none=True), result]
    assert (await respond(host, tools=RESPONSE_TOOLS, input=turns)).output_text


@RESPONSES.check("structured output: `.parse()` into a model")
async def _(host: Host) -> None:
    response = await host.openai().responses.parse(model=GPT, input=RIVERS, text_format=Forecast)
    assert isinstance(response.output_parsed, Forecast)


@RESPONSES.check("`max_output_tokens`: status `incomplete`")
async def _(host: Host) -> None:
    response = await respond(host, max_output_tokens=5)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@OTHERS.check("images: a PNG of the asked size")
async def _(host: Host) -> None:
    answer: Any = await host.openai().images.generate(model=PICTURE, prompt="A red fox", size="1536x1024")
    picture = Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json)))
    assert (picture.format, picture.size) == ("PNG", (1536, 1024))
    assert answer.usage.output_tokens > 0


@OTHERS.check("embeddings: of the asked length, the same for the same text")
async def _(host: Host) -> None:
    answer = await host.openai().embeddings.create(model=EMBEDDING, input=["a", "b", "a"], dimensions=64)
    first, second, third = (one.embedding for one in answer.data)
    assert len(first) == 64
    assert first == third != second


@OTHERS.check("models: list and retrieve")
async def _(host: Host) -> None:
    models = host.openai().models
    assert (await models.retrieve(GPT)).id in [model.id async for model in models.list()]


async def refused(host: Host, fault: int | str, error: type[openai.APIError], **request: Any) -> Any:
    """Return the error that the client raises for a fault."""
    host.world.on(model=GPT).do(aijobs.fail(fault, retry_after=None if fault != 429 else 20))
    with pytest.raises(error) as caught:
        await chat(host, **request)
    return caught.value


@OTHERS.check("files and batches: upload, create, retrieve, read the answers")
async def _(host: Host) -> None:
    api = host.openai()
    line = {"method": "POST", "url": "/v1/responses", "body": {"model": GPT, "input": RIVERS}}
    lines = "\n".join(json.dumps({"custom_id": name, **line}) for name in ("one", "two"))
    file = await api.files.create(file=("rows.jsonl", lines.encode()), purpose="batch")
    batch = await api.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    while (batch := await api.batches.retrieve(batch.id)).status != "completed":  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    answers = (await api.files.content(str(batch.output_file_id))).text.splitlines()
    assert {json.loads(one)["custom_id"] for one in answers} == {"one", "two"}


@ERRORS.check("400 → BadRequestError")
async def _(host: Host) -> None:
    assert (await refused(host, 400, openai.BadRequestError)).type == "invalid_request_error"


@ERRORS.check("401 → AuthenticationError, code `invalid_api_key`")
async def _(host: Host) -> None:
    assert (await refused(host, "auth", openai.AuthenticationError)).code == "invalid_api_key"


@ERRORS.check("403 → PermissionDeniedError")
async def _(host: Host) -> None:
    await refused(host, 403, openai.PermissionDeniedError)


@ERRORS.check("404 → NotFoundError for a model that is not there")
async def _(host: Host) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await chat(host, model="gpt-9")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@ERRORS.check("429 → RateLimitError with retry-after")
async def _(host: Host) -> None:
    error = await refused(host, 429, openai.RateLimitError)
    assert error.code == "rate_limit_exceeded"
    assert (error.response.headers["retry-after"], error.response.headers["retry-after-ms"]) == ("20", "20000")


@ERRORS.check("429 for a stream → RateLimitError before it begins")
async def _(host: Host) -> None:
    assert (await refused(host, 429, openai.RateLimitError, stream=True)).request_id


@ERRORS.check("429, quota → RateLimitError, code `insufficient_quota`")
async def _(host: Host) -> None:
    error = await refused(host, "quota_exhausted", openai.RateLimitError)
    assert error.code == "insufficient_quota"
    assert "retry-after" not in error.response.headers


@ERRORS.check("500 and 503 → InternalServerError")
async def _(host: Host) -> None:
    assert (await refused(host, 500, openai.InternalServerError)).status_code == 500
    host.world.on(prompt="*busy*").do(aijobs.fail("overloaded"))
    with pytest.raises(openai.InternalServerError) as caught:
        await chat(host, messages=[{"role": "user", "content": "busy"}])
    assert caught.value.status_code == 503


@ERRORS.check("no connection → APIConnectionError")
async def _(host: Host) -> None:
    await refused(host, "connect_error", openai.APIConnectionError)


@ERRORS.check("silence → APITimeoutError")
async def _(host: Host) -> None:
    await refused(host, "timeout", openai.APITimeoutError, timeout=0.3)


@ERRORS.check("connection lost in a stream → APIConnectionError")
async def _(host: Host) -> None:
    host.world.on(model=GPT).do(aijobs.fail("reset", after_tokens=20))
    with pytest.raises(openai.APIConnectionError):
        await chunks_of(host)


@ERRORS.check("error event in a stream → APIError")
async def _(host: Host) -> None:
    host.world.on(model=GPT).do(aijobs.fail("error_event", after_tokens=20))
    with pytest.raises(openai.APIError, match="server had an error"):
        await chunks_of(host)


@ERRORS.check("a stream cut short has no finish reason")
async def _(host: Host) -> None:
    host.world.on(model=GPT).do(aijobs.fail("truncate", after_tokens=20))
    chunks = await chunks_of(host)
    assert {chunk.choices[0].finish_reason for chunk in chunks} == {None}


@ERRORS.check("the client's own retries wait for `retry-after-ms`")
async def _(host: Host) -> None:
    host.world.on(model=GPT).do(aijobs.fail(429, retry_after=0.05) * 2, aijobs.ok("At last."))
    answer = await host.openai(max_retries=2).chat.completions.create(model=GPT, messages=MESSAGES)
    assert answer.choices[0].message.content == "At last."
    assert [call.attempt for call in host.world.calls] == [1, 2, 3]
    host.world.verdict().assert_ok()


@ERRORS.check("headers: request id, processing time")
async def _(host: Host) -> None:
    answer = await host.openai().chat.completions.with_raw_response.create(model=GPT, messages=MESSAGES)
    assert answer.headers["x-request-id"].startswith("req_")
    assert int(answer.headers["openai-processing-ms"]) >= 0


@ERRORS.check("headers: live `x-ratelimit-*` on every answer")
async def _(host: Host) -> None:
    ask = host.openai().chat.completions.with_raw_response.create
    usual = await ask(model=GPT, messages=MESSAGES)
    assert 0 < int(usual.headers["x-ratelimit-remaining-tokens"]) < int(usual.headers["x-ratelimit-limit-tokens"])
    host.world.limit(model=GPT, requests_per_minute=10)
    answer = await ask(model=GPT, messages=MESSAGES)
    limit = [answer.headers[f"x-ratelimit-{name}-requests"] for name in ("limit", "remaining")]
    assert limit == ["10", "9"]
