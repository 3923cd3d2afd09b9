"""Bedrock's `converse`: one body for all models, told in the words of the model's own and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue
from pydantic_core import from_json

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.wire import event_stream
from aijobs_sdk.simulation.wire.anthropic_messages import Message
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, Json, json_bytes
from aijobs_sdk.simulation.wire.ranges import SHARE, Range, first_misfit

USUAL_MAX_TOKENS = 4096
"""How long an answer may become where neither the caller nor the table of models says."""


def as_native(call: Call, model_id: str) -> Mapping[str, JsonValue]:
    """Return the body of a `converse` in the words of the model's own.

    Raises:
        Refused: there is no such model, or a number is out of its range, or a schema is no JSON.
    """
    body = call.body()
    limits = _object(body.get("inferenceConfig"))
    model = call.model(model_id)
    most = model.max_output_tokens or USUAL_MAX_TOKENS
    _check_sampling(limits, model)
    native: Json = {
        **_object(body.get("additionalModelRequestFields")),
        "max_tokens": limits.get("maxTokens", most),
        "stop_sequences": limits.get("stopSequences"),
        "system": _native_blocks(body.get("system")),
        "messages": [
            {"role": one.get("role"), "content": _native_blocks(one.get("content"))}
            for one in _objects(body.get("messages"))
        ],
        **_native_tools(_object(body.get("toolConfig"))),
    }
    if (schema := _schema_of(body)) is not None:
        native["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return native


def _check_sampling(limits: Mapping[str, JsonValue], model: Model) -> None:
    misfit = first_misfit(limits, {"temperature": Range(0, model.most_temperature), "topP": SHARE})
    if misfit is None:
        return
    least, most = misfit.range
    bound = f"greater than or equal to {least:g}" if misfit.is_below else f"less than or equal to {most:g}"
    message = (
        f"1 validation error detected: Value '{misfit.value}' at 'inferenceConfig.{misfit.field}' failed to satisfy "
        f"constraint: Member must have value {bound}"
    )
    raise Refused(400, message, code="invalid_request", param=misfit.field)


def _native_blocks(content: JsonValue) -> list[JsonValue]:
    blocks: list[Json] = []
    for block in _objects(content):
        if "cachePoint" in block and blocks:
            blocks[-1]["cache_control"] = {"type": "ephemeral"}
        else:
            blocks.append(_native_block(block))
    return [*blocks]


def _native_block(block: Mapping[str, JsonValue]) -> Json:
    if "toolUse" in block:
        used = _object(block["toolUse"])
        return {"type": "tool_use", "id": used.get("toolUseId"), "name": used.get("name"), "input": used.get("input")}
    if "toolResult" in block:
        result = _object(block["toolResult"])
        return {
            "type": "tool_result",
            "tool_use_id": result.get("toolUseId"),
            "content": [
                {"type": "text", "text": one["text"] if "text" in one else json_bytes(one.get("json")).decode()}
                for one in _objects(result.get("content"))
            ],
        }
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "document" in block:
        document = _object(block["document"])
        return {"type": "document", "title": document.get("name"), "source": _native_source(document)}
    return {"type": next(iter(block), "text")}


def _native_source(document: Mapping[str, JsonValue]) -> Json:
    source = _object(document.get("source"))
    if "text" in source:
        return {"type": "text", "data": source["text"]}
    return {"type": "content" if "content" in source else "base64", "content": _native_blocks(source.get("content"))}


def _native_tools(config: Mapping[str, JsonValue]) -> Json:
    specs = [_object(one.get("toolSpec")) for one in _objects(config.get("tools"))]
    if not specs:
        return {}
    tools: list[JsonValue] = [
        {
            "name": spec.get("name"),
            "description": spec.get("description"),
            "input_schema": _object(spec.get("inputSchema")).get("json"),
        }
        for spec in specs
    ]
    choice = _object(config.get("toolChoice"))
    kind = next(iter(choice), "auto")
    return {"tools": tools, "tool_choice": {"type": kind, **_object(choice.get(kind))}}


def _schema_of(body: Mapping[str, JsonValue]) -> Json | None:
    wanted = _object(_object(body.get("outputConfig")).get("textFormat"))
    definition = _object(_object(wanted.get("structure")).get("jsonSchema"))
    if "schema" not in definition:
        return None
    try:
        return dict(from_json(str(definition["schema"])))
    except (TypeError, ValueError):
        raise Refused(400, "The JSON schema of outputConfig is no JSON.", code="invalid_request") from None


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def conversation(message: Message) -> Json:
    """Return the answer as one body."""
    content = [_converse_block(block) for block in _objects(message.body()["content"])]
    return {
        "output": {"message": {"role": "assistant", "content": [*content]}},
        "stopReason": _stop_reason(message.stop_reason),
        "usage": _usage(message),
        "metrics": {"latencyMs": milliseconds(message.answer.ends_at_seconds)},
    }


def _converse_block(block: Mapping[str, JsonValue]) -> Json:
    match block["type"]:
        case "thinking":
            said: Json = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": said}}
        case "tool_use":
            return {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}
        case _:
            return {"text": block["text"]}


def _usage(message: Message) -> Json:
    answer = message.answer
    return {
        "inputTokens": message.input_tokens,
        "outputTokens": answer.output_tokens,
        "totalTokens": answer.input_tokens + answer.output_tokens,
        "cacheReadInputTokens": answer.cached_tokens,
        "cacheWriteInputTokens": message.cache_written_tokens,
    }


def converse_frames(message: Message) -> Iterator[Chunk]:
    """Yield the answer as a stream, up to where its fault breaks it off."""
    for at_seconds, data in message.events():
        named = _converse_event(data)
        if named is not None:
            name, payload = named
            yield Chunk(at_seconds, event_stream.event(name, json_bytes(payload)))
    if message.answer.fault is None:
        last: Json = {
            "usage": _usage(message),
            "metrics": {"latencyMs": milliseconds(message.answer.ends_at_seconds)},
        }
        yield Chunk(message.answer.ends_at_seconds, event_stream.event("metadata", json_bytes(last)))


def _converse_event(data: Json) -> tuple[str, Json] | None:
    """Return what `converse` makes of an event of the model's own; None where it keeps it to itself."""
    block: Json = {"contentBlockIndex": data.get("index")}
    match data["type"]:
        case "message_start":
            return "messageStart", {"role": "assistant"}
        case "content_block_start":
            begun = _object(data["content_block"])
            if begun["type"] != "tool_use":
                return None
            start: Json = {"toolUse": {"toolUseId": begun["id"], "name": begun["name"]}}
            return "contentBlockStart", {**block, "start": start}
        case "content_block_delta":
            return "contentBlockDelta", {**block, "delta": _converse_delta(_object(data["delta"]))}
        case "content_block_stop":
            return "contentBlockStop", block
        case "message_delta":
            return "messageStop", {"stopReason": _stop_reason(str(_object(data["delta"])["stop_reason"]))}
        case _:
            return None


def _converse_delta(delta: Mapping[str, JsonValue]) -> Json:
    match delta["type"]:
        case "thinking_delta":
            return {"reasoningContent": {"text": delta["thinking"]}}
        case "signature_delta":
            return {"reasoningContent": {"signature": delta["signature"]}}
        case "input_json_delta":
            return {"toolUse": {"input": delta["partial_json"]}}
        case _:
            return {"text": delta["text"]}


def _stop_reason(native: str) -> str:
    return "content_filtered" if native == "refusal" else native


def milliseconds(seconds: float) -> int:
    """Return the same in whole milliseconds."""
    return round(seconds * 1000)
