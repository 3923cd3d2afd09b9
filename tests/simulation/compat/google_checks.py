"""What Google's own client can do, with the Gemini API and through Vertex AI."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from google.genai import errors, types

import aijobs_sdk as aijobs
from simulation.compat.check import Surface
from simulation.compat.examples import GOOGLE_TOOLS, RIVERS, Forecast
from simulation.compat.hosts import FLASH, Host

GEMINI, VERTEX = Surface("google-genai, Gemini"), Surface("google-genai, Vertex AI")
ERRORS = Surface("google-genai errors and headers")


async def ask(models: Any, contents: Any = RIVERS, **config: Any) -> Any:
    return await models.generate_content(model=FLASH, contents=contents, config=config)


async def chunks_of(models: Any, **config: Any) -> list[Any]:
    answer = await models.generate_content_stream(model=FLASH, contents=RIVERS, config=config)
    return [chunk async for chunk in answer]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.text or "" for chunk in chunks)


@GEMINI.check("generate_content: text, finish reason, usage")
async def _(host: Host) -> None:
    answer = await ask(host.gemini())
    usage = answer.usage_metadata
    assert "ivers" in answer.text
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count


@GEMINI.check("generate_content_stream: the same text, usage at the end")
async def _(host: Host) -> None:
    chunks, whole = await chunks_of(host.gemini()), await ask(host.gemini())
    assert len(chunks) > 5
    assert (text_of(chunks), chunks[-1].usage_metadata) == (whole.text, whole.usage_metadata)


@GEMINI.check("function call: arguments fit the schema")
async def _(host: Host) -> None:
    (call,) = (await ask(host.gemini(), tools=GOOGLE_TOOLS)).function_calls
    assert (call.name, bool(Forecast.model_validate(call.args).city)) == ("weather", True)


@GEMINI.check("function call, streamed")
async def _(host: Host) -> None:
    chunks = await chunks_of(host.gemini(), tools=GOOGLE_TOOLS)
    assert Forecast.model_validate(chunks[0].function_calls[0].args).city


@GEMINI.check("function response: words follow")
async def _(host: Host) -> None:
    called = (await ask(host.gemini(), tools=GOOGLE_TOOLS)).candidates[0].content
    answered = types.Part.from_function_response(name="weather", response={"result": "sunny"})
    turns = [types.UserContent(RIVERS), called, types.Content(role="tool", parts=[answered])]
    answer = await ask(host.gemini(), turns, tools=GOOGLE_TOOLS)
    assert (answer.function_calls, bool(answer.text)) == (None, True)


@GEMINI.check("structured output: `.parsed` is a model")
async def _(host: Host) -> None:
    answer = await ask(host.gemini(), response_mime_type="application/json", response_schema=Forecast)
    assert isinstance(answer.parsed, Forecast)


@GEMINI.check("thoughts, shown and counted")
async def _(host: Host) -> None:
    answer = await ask(host.gemini(), thinking_config={"include_thoughts": True, "thinking_level": "LOW"})
    thought, said = answer.candidates[0].content.parts
    assert (thought.thought, said.thought) == (True, None)
    assert answer.usage_metadata.thoughts_token_count > 50


@GEMINI.check("`max_output_tokens`: finish reason MAX_TOKENS")
async def _(host: Host) -> None:
    answer = await ask(host.gemini(), max_output_tokens=5)
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS


@GEMINI.check("chat: turns add up")
async def _(host: Host) -> None:
    chat = host.gemini_client().chats.create(model=FLASH)
    first, second = await chat.send_message(RIVERS), await chat.send_message("And lakes?")
    assert second.usage_metadata.prompt_token_count > first.usage_metadata.prompt_token_count


@GEMINI.check("count_tokens: as many as an answer takes")
async def _(host: Host) -> None:
    counted = await host.gemini().count_tokens(model=FLASH, contents=RIVERS)
    assert counted.total_tokens == (await ask(host.gemini())).usage_metadata.prompt_token_count


@GEMINI.check("models: list and get")
async def _(host: Host) -> None:
    models = host.gemini()
    assert (await models.get(model=FLASH)).name in [model.name async for model in await models.list()]


@GEMINI.check("a blocked prompt has a reason and no candidates")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("content_filter"))
    answer = await ask(host.gemini())
    assert answer.prompt_feedback.block_reason is types.BlockedReason.SAFETY
    assert answer.candidates is None


@VERTEX.check("generate_content: text, finish reason, traffic type")
async def _(host: Host) -> None:
    answer = await ask(host.vertex())
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.usage_metadata.traffic_type is types.TrafficType.ON_DEMAND


@VERTEX.check("generate_content_stream: the same text, usage at the end")
async def _(host: Host) -> None:
    chunks, whole = await chunks_of(host.vertex()), await ask(host.vertex())
    assert (text_of(chunks), chunks[-1].usage_metadata) == (whole.text, whole.usage_metadata)


@VERTEX.check("function call: arguments fit the schema")
async def _(host: Host) -> None:
    (call,) = (await ask(host.vertex(), tools=GOOGLE_TOOLS)).function_calls
    assert Forecast.model_validate(call.args).city


@VERTEX.check("structured output: `.parsed` is a model")
async def _(host: Host) -> None:
    answer = await ask(host.vertex(), response_mime_type="application/json", response_schema=Forecast)
    assert isinstance(answer.parsed, Forecast)


@VERTEX.check("count_tokens, models")
async def _(host: Host) -> None:
    models = host.vertex()
    counted = await models.count_tokens(model=FLASH, contents=RIVERS)
    assert counted.total_tokens > 0
    assert (await models.get(model=FLASH)).name.endswith(FLASH)


async def refused(models: Any, error: type[errors.APIError]) -> Any:
    """Return the error that the client raises."""
    with pytest.raises(error) as caught:
        await ask(models)
    return caught.value


@ERRORS.check("400 → ClientError, INVALID_ARGUMENT")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(400))
    assert (await refused(host.gemini(), errors.ClientError)).status == "INVALID_ARGUMENT"


@ERRORS.check("401 → ClientError, UNAUTHENTICATED")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("auth"))
    assert (await refused(host.gemini(), errors.ClientError)).status == "UNAUTHENTICATED"


@ERRORS.check("404 → ClientError, NOT_FOUND for a model that is not there")
async def _(host: Host) -> None:
    with pytest.raises(errors.ClientError, match="gemini-9 is not found"):
        await host.gemini().generate_content(model="gemini-9", contents=RIVERS)


@ERRORS.check("429 → ClientError, RESOURCE_EXHAUSTED with RetryInfo")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(429, retry_after=7.5))
    error = await refused(host.gemini(), errors.ClientError)
    assert (error.code, error.status) == (429, "RESOURCE_EXHAUSTED")
    assert error.details["error"]["details"][-1]["retryDelay"] == "7.5s"


@ERRORS.check("429 through Vertex AI → ClientError, RESOURCE_EXHAUSTED")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(429))
    assert (await refused(host.vertex(), errors.ClientError)).status == "RESOURCE_EXHAUSTED"


@ERRORS.check("500 and 503 → ServerError")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(500), aijobs.fail("overloaded"))
    assert (await refused(host.gemini(), errors.ServerError)).status == "INTERNAL"
    assert (await refused(host.gemini(), errors.ServerError)).status == "UNAVAILABLE"


@ERRORS.check("connection lost in a stream → httpx2.RemoteProtocolError, as the client leaves it")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("reset", after_tokens=20))
    with pytest.raises(httpx2.RemoteProtocolError):
        await chunks_of(host.gemini())


@ERRORS.check("error in a stream → ServerError")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("error_event", after_tokens=20))
    with pytest.raises(errors.ServerError):
        await chunks_of(host.gemini())


@ERRORS.check("a stream cut short has no finish reason")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("truncate", after_tokens=20))
    assert {chunk.candidates[0].finish_reason for chunk in await chunks_of(host.gemini())} == {None}


@ERRORS.check("the client's own retries reach the answer")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(503), aijobs.ok("At last."))
    patient = host.gemini(retry_options=types.HttpRetryOptions(attempts=2, initial_delay=0.05))
    assert (await ask(patient)).text == "At last."


@ERRORS.check("headers: `server-timing`")
async def _(host: Host) -> None:
    answer = await ask(host.gemini())
    assert answer.sdk_http_response.headers["server-timing"]
