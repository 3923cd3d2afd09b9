"""A request in the words of Gemini."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from google.genai import types

from aijobs_sdk.contract.provider import GenerationRequest, ImageInput, Message, ReasoningEffort, Tool, ToolCall
from aijobs_sdk.providers.vertex.client import Asked
from aijobs_sdk.providers.vertex.failures import unusable

_MEDIA_TYPES: Mapping[str, str] = {
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""By the ending of an address: Google wants to know, and looks itself only at what it has fetched."""
_MOST_LIKELY = "image/jpeg"
_UNSIGNED = b"skip_thought_signature_validator"
"""What Google's guide to thought signatures gives for calls that come without one, as from another model: Gemini 3
refuses a bare one."""
_LEVELS: Mapping[ReasoningEffort, types.ThinkingLevel] = {
    ReasoningEffort.NONE: types.ThinkingLevel.MINIMAL,  # Gemini 3 cannot be kept from thinking
    ReasoningEffort.MINIMAL: types.ThinkingLevel.MINIMAL,
    ReasoningEffort.LOW: types.ThinkingLevel.LOW,
    ReasoningEffort.MEDIUM: types.ThinkingLevel.MEDIUM,
    ReasoningEffort.HIGH: types.ThinkingLevel.HIGH,
    ReasoningEffort.XHIGH: types.ThinkingLevel.XHIGH,
}


def content_request(request: GenerationRequest, headers: Mapping[str, str]) -> Asked:
    """Return the request for Google's library to send, with these headers besides its own.

    Raises:
        ProviderError: an image is no base64, or a tool answers a call that nobody made.
    """
    effort, schema = request.reasoning_effort, request.output_schema
    config = types.GenerateContentConfig(
        http_options=types.HttpOptions(headers=dict(headers)),
        system_instruction=None if request.system is None else types.Content(parts=[types.Part(text=request.system)]),
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop_sequences=list(request.stop) or None,
        seed=request.seed,
        thinking_config=None if effort is None else types.ThinkingConfig(thinking_level=_LEVELS[effort]),
        tools=[types.Tool(function_declarations=[_declared(tool) for tool in request.tools])]
        if request.tools
        else None,
        response_mime_type=None if schema is None else "application/json",
        response_json_schema=None if schema is None else dict(schema),
        # One request, one try: neither calls what the model wishes, nor asks for more of a cut answer.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )
    return Asked(model=request.model_id, contents=list(_contents(request)), config=config)


def _declared(tool: Tool) -> types.FunctionDeclaration:
    return types.FunctionDeclaration(
        name=tool.name, description=tool.description or None, parameters_json_schema=dict(tool.parameters)
    )


def _contents(request: GenerationRequest) -> Iterator[types.Content]:
    calls: dict[str, ToolCall] = {}
    for role, turns in groupby(request.conversation, lambda message: message.role):
        if role == "tool":  # what several calls of one turn led to stands in one turn
            yield types.Content(role="user", parts=_outcomes(calls, turns))
            continue
        for message in turns:
            calls |= {call.id: call for call in message.tool_calls}
            if parts := list(_parts(message)):
                yield types.Content(role="model" if role == "assistant" else "user", parts=parts)


def _parts(message: Message) -> Iterator[types.Part]:
    for image in message.images:
        yield _picture(image)
    if message.content:
        yield types.Part(text=message.content)
    for number, call in enumerate(message.tool_calls):
        # Of calls made at once, the first alone is signed.
        yield types.Part(
            function_call=types.FunctionCall(name=call.name, args=dict(call.arguments)),
            thought_signature=_signature(call) or (None if number else _UNSIGNED),
        )


def _signature(call: ToolCall) -> bytes | None:
    try:
        return None if call.signature is None else base64.b64decode(call.signature, validate=True)
    except binascii.Error:
        raise unusable("a tool call has a signature that is no base64") from None


def _outcomes(calls: Mapping[str, ToolCall], turns: Iterator[Message]) -> list[types.Part]:
    """Return what tools answered, in the order of the calls: to Gemini, calls have names and no ids."""
    outcomes = {message.tool_call_id: message.content for message in turns}
    if not outcomes.keys() <= calls.keys():
        raise unusable("a tool answers a call that is in no earlier turn")
    return [
        types.Part(function_response=types.FunctionResponse(name=call.name, response={"output": outcomes[id_]}))
        for id_, call in calls.items()
        if id_ in outcomes
    ]


def _picture(image: ImageInput) -> types.Part:
    if not image.url.startswith("data:"):
        ending = PurePosixPath(urlsplit(image.url).path).suffix.lower()
        return types.Part(
            file_data=types.FileData(file_uri=image.url, mime_type=_MEDIA_TYPES.get(ending, _MOST_LIKELY))
        )
    head, _, data = image.url.partition(";base64,")
    try:
        return types.Part(
            inline_data=types.Blob(mime_type=head.removeprefix("data:"), data=base64.b64decode(data, validate=True))
        )
    except binascii.Error:
        raise unusable("an image is no base64") from None
