"""What Claude is asked, in the fields of the Messages API: the same at Anthropic and on AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from anthropic import transform_schema
from pydantic import JsonValue

from aijobs_sdk.contract.provider import GenerationRequest, ImageInput, Message, ReasoningEffort, Tool
from aijobs_sdk.providers.failures import LINKED_IMAGE, OPEN_SCHEMA
from aijobs_sdk.providers.schemas import Schema, closed_schema, has_open_objects

LONGEST_WHOLE_TOKENS = 21_333
"""An answer that may be longer is streamed even where it is wanted in one piece: Anthropic's library expects it to
take more than ten minutes, over which a silent connection may be cut."""
LEAST_BUDGET_TOKENS = 1_024
_BUDGETS: Mapping[ReasoningEffort, int] = {
    ReasoningEffort.MINIMAL: LEAST_BUDGET_TOKENS,
    ReasoningEffort.LOW: 4_096,
    ReasoningEffort.MEDIUM: 10_000,
    ReasoningEffort.HIGH: 16_000,
    ReasoningEffort.XHIGH: 32_000,
}
"""Tokens to think with: own choice, between the least that is taken and the most that Anthropic advises."""
_WITHOUT_EFFORT = re.compile(r"((sonnet|haiku)-4[.-]5\b|(opus|sonnet)-4([.-]1\b|-20\d{6}))")
"""Models that know no effort, and think against a budget of tokens; those that came later know it."""
_DATA_URL = re.compile(r"data:(?P<media_type>[^;]+);base64,(?P<data>.+)")


class Host(NamedTuple):
    """Who runs Claude, and what is different there."""

    name: str
    output_tokens: int
    """The longest answer where the caller names none; the API asks for one."""
    fetches_images: bool


def messages_request(request: GenerationRequest, host: Host) -> dict[str, Any]:
    """Return the fields of `POST /v1/messages`.

    Raises:
        ProviderError: this host cannot be asked that.
    """
    max_tokens = request.max_output_tokens or host.output_tokens
    thinking = _thinking(request, max_tokens)
    samples = thinking is None or thinking["type"] == "disabled"  # who thinks takes no temperature
    asked: dict[str, Any] = {
        "model": request.model_id,
        "max_tokens": max_tokens,
        "messages": _messages(request, host),
        "system": request.system or None,
        "temperature": request.temperature if samples else None,
        "top_p": request.top_p if samples else None,
        "stop_sequences": list(request.stop) or None,
        "thinking": thinking,
        "output_config": _output_config(request, host) or None,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "stream": request.streamed or (request.max_output_tokens or 0) > LONGEST_WHOLE_TOKENS or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _messages(request: GenerationRequest, host: Host) -> list[dict[str, JsonValue]]:
    """Return the turns: what follows each other from one side is one message, as outcomes of tools must be.

    A turn in which nothing stands is left out, as it would be refused: one whose call of a tool nobody kept.
    """
    said = [one for one in request.conversation if one.role == "tool" or one.content or one.images or one.tool_calls]
    turns = groupby(said, key=lambda message: "assistant" if message.role == "assistant" else "user")
    return [{"role": role, "content": _content(list(messages), host)} for role, messages in turns]


def _content(messages: list[Message], host: Host) -> JsonValue:
    blocks: list[JsonValue] = [block for message in messages for block in _blocks(message, host)]
    match blocks:
        case [{"type": "text", "text": text}]:
            return text
        case _:
            return blocks


def _blocks(message: Message, host: Host) -> Iterator[dict[str, JsonValue]]:
    if message.role == "tool":
        # Names the call, and says nothing where there is nothing: an empty text is refused.
        outcome: dict[str, JsonValue] = {"content": message.content} if message.content else {}
        yield {"type": "tool_result", "tool_use_id": message.tool_call_id, **outcome}
        return
    for image in message.images:
        yield {"type": "image", "source": _source(image, host)}
    if message.content:
        yield {"type": "text", "text": message.content}
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}


def _source(image: ImageInput, host: Host) -> dict[str, JsonValue]:
    if data := _DATA_URL.fullmatch(image.url):
        return {"type": "base64", **data.groupdict()}
    if not host.fetches_images:
        raise LINKED_IMAGE.error(host.name)
    return {"type": "url", "url": image.url}


def _tool(tool: Tool) -> dict[str, JsonValue]:
    described: dict[str, JsonValue] = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": dict(tool.parameters)}


def _thinking(request: GenerationRequest, max_tokens: int) -> dict[str, JsonValue] | None:
    """Return how it may think; None: as the model does by itself."""
    effort = request.reasoning_effort
    if effort is None:
        return None
    if effort is ReasoningEffort.NONE:
        return {"type": "disabled"}
    # Outcomes of tools continue a turn, and a turn has to begin with the thoughts of before, which nobody kept.
    if _knows_effort(request) or _continues_a_turn(request):
        return None
    budget = min(_BUDGETS[effort], max_tokens // 2)  # thoughts count into the answer's length: half is for its words
    return {"type": "enabled", "budget_tokens": budget} if budget >= LEAST_BUDGET_TOKENS else None


def _continues_a_turn(request: GenerationRequest) -> bool:
    return bool(request.messages) and request.messages[-1].role == "tool"


def _output_config(request: GenerationRequest, host: Host) -> dict[str, JsonValue]:
    config: dict[str, JsonValue] = {}
    effort = request.reasoning_effort
    if effort not in {None, ReasoningEffort.NONE} and _knows_effort(request):
        config["effort"] = "low" if effort is ReasoningEffort.MINIMAL else str(effort)
    if request.output_schema is not None:
        config["format"] = {"type": "json_schema", "schema": _kept_schema(request.output_schema, host)}
    return config


def _knows_effort(request: GenerationRequest) -> bool:
    # The vendor's name may tell nothing, as that of an inference profile of one's own.
    return not any(_WITHOUT_EFFORT.search(name) for name in (request.model_id, request.model))


def _kept_schema(schema: Schema, host: Host) -> dict[str, JsonValue]:
    """Return the schema as Anthropic keeps to it.

    `closed_schema` requires all properties, as only few may be optional. What else cannot be kept to, as the range of
    a number, Anthropic's own function moves into the descriptions.
    """
    closed = closed_schema(schema)
    if has_open_objects(closed):
        raise OPEN_SCHEMA.error(host.name)
    try:
        kept: dict[str, JsonValue] = transform_schema(_without_type_lists(closed))
    except (ValueError, TypeError, AttributeError, AssertionError):  # a part is no schema, or of no type that it knows
        raise OPEN_SCHEMA.error(host.name) from None
    return kept


def _without_type_lists(schema: Any) -> Any:  # noqa: ANN401 - a JSON value, and the same again
    """Return the schema with a choice of schemas in place of each choice of types, which that function breaks at."""
    match schema:
        case {"type": [*types], **others}:
            return {"anyOf": [{"type": name, **_without_type_lists(others)} for name in types]}
        case dict():
            return {name: _without_type_lists(value) for name, value in schema.items()}
        case list():
            return [_without_type_lists(value) for value in schema]
        case _:
            return schema
