"""What a request comes to where no bytes are sent: the same as over the wire, without a vendor's words for it."""

from __future__ import annotations

import json
from http import HTTPStatus
from itertools import chain

from pydantic import JsonValue

from aijobs_sdk.contract.provider import Finished, GenerationRequest, Tool, ToolCall
from aijobs_sdk.providers.failures import BAD_TOOL_CALL, LINKED_IMAGE, OPEN_SCHEMA
from aijobs_sdk.providers.prompt_parts import tokens_beside_texts, tool_object
from aijobs_sdk.providers.schemas import closed_schema, has_open_objects
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.effort import THINKING_TOKENS
from aijobs_sdk.simulation.faults import Quirk, status_fault
from aijobs_sdk.simulation.plan import Plan

_WANT_CLOSED_SCHEMAS = frozenset({"anthropic", "bedrock"})
"""Who is not asked for an object whose keys are open (`dict[str, int]`)."""
_FETCH_NO_IMAGES = frozenset({"bedrock"})


def check_askable(request: GenerationRequest, provider: str) -> None:
    """Return where the adapter of this provider would ask it that.

    Raises:
        ProviderError: it would not.
    """
    schema = request.output_schema
    if schema is not None and provider in _WANT_CLOSED_SCHEMAS and has_open_objects(closed_schema(schema)):
        raise OPEN_SCHEMA.error(provider)
    images = [*request.images, *chain.from_iterable(turn.images for turn in request.messages)]
    if provider in _FETCH_NO_IMAGES and not all(image.url.startswith("data:") for image in images):
        raise LINKED_IMAGE.error(provider)


def heard(request: GenerationRequest) -> GenerationRequest:
    """Return the request as the simulation counts and matches it: earlier turns are a part of what is read."""
    if not request.messages:
        return request
    turns = (message.content for message in request.messages)
    return request.replace(system="\n".join([request.system or "", *turns]).strip())


def other_tokens(request: GenerationRequest) -> int:
    """Return how many tokens are read beside texts: of pictures, tools, calls of them and a schema."""
    turns = request.messages
    calls = (call.arguments for turn in turns for call in turn.tool_calls)
    tools = (tool_object(tool.name, tool.description, tool.parameters) for tool in request.tools)
    return tokens_beside_texts(
        images=len(request.images) + sum(len(turn.images) for turn in turns),
        objects=(*calls, *tools, request.output_schema or {}),
    )


def tool_called(request: GenerationRequest, plan: Plan, world: Simulation, provider: str) -> Tool | None:
    """Return the tool that the answer is a call of: none where a script has words said instead."""
    tool = _offered(request)
    if tool is None or not (written(request, world, provider) or "").startswith(plan.pieces.text):
        return None
    return tool


def thinking_tokens(request: GenerationRequest) -> int:
    """Return about how much the model thinks first."""
    return 0 if request.reasoning_effort is None else THINKING_TOKENS[request.reasoning_effort]


def written(request: GenerationRequest, world: Simulation, provider: str) -> str | None:
    """Return what the model has to write, as JSON, where that is not its own choice.

    Raises:
        ProviderError: no value fits its schema.
    """
    tool = _offered(request)
    schema = request.output_schema if tool is None else tool.parameters
    if schema is None:
        return None
    from aijobs_sdk.simulation.wire.values import (  # noqa: PLC0415 - few requests have a schema
        UnusableSchemaError,
        value_for,
    )

    draws = world.draws_of_job(request.draw_key, f"value/{request.model_id}")
    try:
        value = value_for(closed_schema(schema), draws)
    except UnusableSchemaError:
        raise status_fault(HTTPStatus.BAD_REQUEST).error(provider) from None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def called(tool: Tool, plan: Plan, finished: Finished, provider: str) -> Finished:
    """Return the end of an answer that is a call of this tool; one that was cut off calls nothing.

    Raises:
        ProviderError: it is called in a way that a careful caller refuses.
    """
    if finished.finish_reason == "length":
        return finished
    arguments = _object(plan.pieces.text)
    if plan.quirk in {Quirk.BAD_TOOL_ARGS, Quirk.UNKNOWN_TOOL} or arguments is None:
        raise BAD_TOOL_CALL.error(provider)
    call = ToolCall(id=f"call_{tool.name}", name=tool.name, arguments=arguments)
    return finished.replace(finish_reason="tool_calls", tool_calls=(call,))


def _offered(request: GenerationRequest) -> Tool | None:
    """Return the first tool; none after a turn of a tool, whose outcome the model now speaks of."""
    if not request.tools or (request.messages and request.messages[-1].role == "tool"):
        return None
    return request.tools[0]


def _object(text: str) -> dict[str, JsonValue] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
