"""What Anthropic's client for Bedrock can do, and Amazon's own: boto3 blocks, and has no seam for another network."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import anthropic
import pytest
from botocore.exceptions import ConnectionClosedError, EventStreamError, ReadTimeoutError

import aijobs_sdk as aijobs
from simulation.compat.check import Surface
from simulation.compat.examples import CLAUDE_TOOLS, CONVERSE_TOOLS, LONG_RULES, MESSAGES, RIVERS, THINKING, Forecast
from simulation.compat.hosts import CLAUDE_ON_BEDROCK, OVER_HTTP, Host, OverHttp

BEDROCK, BOTO = Surface("AnthropicBedrock"), Surface("boto3 bedrock-runtime", hosts=(OVER_HTTP,))
ASKED: dict[str, Any] = {"model": CLAUDE_ON_BEDROCK, "max_tokens": 2000, "messages": MESSAGES}
TALK: dict[str, Any] = {"modelId": CLAUDE_ON_BEDROCK, "messages": [{"role": "user", "content": [{"text": RIVERS}]}]}
NATIVE: dict[str, Any] = {
    "modelId": CLAUDE_ON_BEDROCK,
    "body": json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 2000, "messages": MESSAGES}),
}


async def create(host: Host, **changes: Any) -> Any:
    return await host.bedrock().messages.create(**{**ASKED, **changes})


async def final_message(host: Host, **changes: Any) -> Any:
    async with host.bedrock().messages.stream(**{**ASKED, **changes}) as stream:
        return await stream.get_final_message()


@BEDROCK.check("create: text, stop reason, usage")
async def _(host: Host) -> None:
    message = await create(host)
    assert (bool(message.content[0].text), message.stop_reason) == (True, "end_turn")
    assert message.usage.output_tokens > 0


@BEDROCK.check("stream: the same text, with invocation metrics")
async def _(host: Host) -> None:
    whole, streamed = await create(host), await final_message(host)
    assert streamed.content[0].text == whole.content[0].text
    last = [event async for event in await create(host, stream=True)][-1]
    assert last.model_extra["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == whole.usage.output_tokens


@BEDROCK.check("tool use, streamed")
async def _(host: Host) -> None:
    message = await final_message(host, tools=CLAUDE_TOOLS)
    assert Forecast.model_validate(message.content[0].input).city


@BEDROCK.check("headers: request id and token counts")
async def _(host: Host) -> None:
    headers = (await host.bedrock().messages.with_raw_response.create(**ASKED)).headers
    assert len(headers["x-amzn-requestid"]) == 36
    assert int(headers["x-amzn-bedrock-output-token-count"]) > 0


@BEDROCK.check("429 → RateLimitError, ThrottlingException")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail(429))
    with pytest.raises(anthropic.RateLimitError) as caught:
        await create(host)
    assert caught.value.response.headers["x-amzn-errortype"] == "ThrottlingException"


@BEDROCK.check("exception in a stream → APIStatusError")
async def _(host: Host) -> None:
    host.world.on().do(aijobs.fail("error_event", after_tokens=20))
    with pytest.raises(anthropic.APIStatusError):
        await final_message(host)


def events_of(host: OverHttp, **changes: Any) -> list[Any]:
    with closing(host.boto().converse_stream(**{**TALK, **changes})["stream"]) as stream:
        return list(stream)


def deltas_in(events: list[Any]) -> list[Any]:
    return [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]


@BOTO.check("converse: text, stop reason, usage, latency")
async def _(host: OverHttp) -> None:
    answered = host.boto().converse(**TALK)
    assert answered["output"]["message"]["content"][0]["text"]
    assert answered["stopReason"] == "end_turn"
    assert answered["usage"]["totalTokens"] == answered["usage"]["inputTokens"] + answered["usage"]["outputTokens"]
    assert answered["metrics"]["latencyMs"] >= 0


@BOTO.check("converse_stream: the same text, with metadata")
async def _(host: OverHttp) -> None:
    events, whole = events_of(host), host.boto().converse(**TALK)
    assert "".join(delta["text"] for delta in deltas_in(events)) == whole["output"]["message"]["content"][0]["text"]
    assert events[-1]["metadata"]["usage"] == whole["usage"]


@BOTO.check("converse: tool use, input fits the schema")
async def _(host: OverHttp) -> None:
    answered = host.boto().converse(**TALK, toolConfig=CONVERSE_TOOLS)
    called = answered["output"]["message"]["content"][0]["toolUse"]
    assert (called["name"], answered["stopReason"]) == ("weather", "tool_use")
    assert Forecast.model_validate(called["input"]).city


@BOTO.check("converse_stream: tool use")
async def _(host: OverHttp) -> None:
    deltas = deltas_in(events_of(host, toolConfig=CONVERSE_TOOLS))
    assert Forecast.model_validate_json("".join(delta["toolUse"]["input"] for delta in deltas)).city


@BOTO.check("converse and converse_stream: signed reasoning")
async def _(host: OverHttp) -> None:
    thinking = {"additionalModelRequestFields": {"thinking": THINKING}}
    thought, _text = host.boto().converse(**TALK, **thinking)["output"]["message"]["content"]
    streamed = [one["reasoningContent"] for one in deltas_in(events_of(host, **thinking)) if "reasoningContent" in one]
    assert "".join(one.get("text", "") for one in streamed) == thought["reasoningContent"]["reasoningText"]["text"]
    assert streamed[-1]["signature"]


@BOTO.check("converse: `maxTokens` and `stopSequences`")
async def _(host: OverHttp) -> None:
    host.world.on().do(aijobs.ok("One river, two rivers; and many more of them."))
    talk = host.boto().converse
    reasons = [talk(**TALK, inferenceConfig=one)["stopReason"] for one in ({"maxTokens": 3}, {"stopSequences": ["; "]})]
    assert reasons == ["max_tokens", "stop_sequence"]


@BOTO.check("converse: structured output")
async def _(host: OverHttp) -> None:
    schema = json.dumps(Forecast.model_json_schema())
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}
    answered = host.boto().converse(**TALK, outputConfig={"textFormat": wanted})
    assert Forecast.model_validate_json(answered["output"]["message"]["content"][0]["text"]).city


@BOTO.check("converse: prompt caching, tokens written, then read")
async def _(host: OverHttp) -> None:
    rules = [{"text": LONG_RULES}, {"cachePoint": {"type": "default"}}]
    first, second = (host.boto().converse(**TALK, system=rules)["usage"] for _ in range(2))
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"] > 1024


@BOTO.check("invoke_model: the model's own body")
async def _(host: OverHttp) -> None:
    answered = host.boto().invoke_model(**NATIVE)
    assert json.loads(answered["body"].read())["stop_reason"] == "end_turn"
    assert answered["contentType"] == "application/json"


@BOTO.check("invoke_model_with_response_stream: the model's own events")
async def _(host: OverHttp) -> None:
    answered = host.boto().invoke_model_with_response_stream(**NATIVE)
    events = [json.loads(event["chunk"]["bytes"]) for event in answered["body"]]
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
    assert events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0


@BOTO.check("429 → ThrottlingException, also before a stream begins")
async def _(host: OverHttp) -> None:
    boto = host.boto()
    host.world.on().do(aijobs.fail(429) * 2)
    with pytest.raises(boto.exceptions.ThrottlingException) as caught:
        boto.converse(**TALK)
    with pytest.raises(boto.exceptions.ThrottlingException):
        boto.converse_stream(**TALK)
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@BOTO.check("400, 403, 500, 503 → their exceptions")
async def _(host: OverHttp) -> None:
    boto = host.boto()
    host.world.on().do(*map(aijobs.fail, (400, 403, 500, 503)))
    with pytest.raises(boto.exceptions.ValidationException):
        boto.converse(**TALK)
    with pytest.raises(boto.exceptions.AccessDeniedException):
        boto.converse(**TALK)
    with pytest.raises(boto.exceptions.InternalServerException):
        boto.converse(**TALK)
    with pytest.raises(boto.exceptions.ServiceUnavailableException):
        boto.converse(**TALK)


@BOTO.check("exception in a stream → EventStreamError")
async def _(host: OverHttp) -> None:
    host.world.on().do(aijobs.fail("error_event", after_tokens=20))
    with pytest.raises(EventStreamError, match="serviceUnavailableException"):
        events_of(host)


@BOTO.check("silence → ReadTimeoutError")
async def _(host: OverHttp) -> None:
    host.world.on().do(aijobs.fail("timeout"))
    with pytest.raises(ReadTimeoutError):
        host.boto(read_timeout=0.3).converse(**TALK)


@BOTO.check("no connection → ConnectionClosedError")
async def _(host: OverHttp) -> None:
    host.world.on().do(aijobs.fail("connect_error"))
    with pytest.raises(ConnectionClosedError):
        host.boto().converse(**TALK)
