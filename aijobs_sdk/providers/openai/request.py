"""What OpenAI is asked, in its words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.contract.provider import GenerationRequest, ImageRequest, Message, Tool
from aijobs_sdk.providers.openai.strict_schema import strict_schema
from aijobs_sdk.providers.schemas import Schema


def responses_request(request: GenerationRequest) -> dict[str, Any]:
    """Return the fields of `POST /v1/responses`. Nothing is stored at OpenAI."""
    asked: dict[str, Any] = {
        "model": request.model_id,
        "input": [item for message in request.conversation for item in _items(message)],
        "instructions": request.system,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning": None if request.reasoning_effort is None else {"effort": request.reasoning_effort.value},
        "tools": [_tool(tool) for tool in request.tools] or None,
        "text": None if request.output_schema is None else {"format": _format(request.output_schema)},
        "store": False,
        "stream": request.streamed or None,
        # Random padding of each event, against readers of encrypted traffic: a third more bytes.
        "stream_options": {"include_obfuscation": False} if request.streamed else None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def images_request(request: ImageRequest) -> dict[str, Any]:
    """Return the fields of `POST /v1/images/generations`."""
    return {
        "model": request.model_id,
        "prompt": request.prompt,
        "size": request.size,
        "quality": request.quality,
        "n": 1,
        "output_format": "png",
    }


def _items(message: Message) -> Iterator[dict[str, JsonValue]]:
    match message.role:
        case "user":
            pictures: list[JsonValue] = [
                {"type": "input_image", "image_url": image.url, "detail": "auto"} for image in message.images
            ]
            text: JsonValue = {"type": "input_text", "text": message.content}
            yield {"role": "user", "content": [*pictures, text] if pictures else message.content}
        case "assistant":
            if message.content:
                yield {"role": "assistant", "content": message.content}
            for call in message.tool_calls:
                arguments = json.dumps(call.arguments, ensure_ascii=False)
                yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}
        case "tool":
            yield {"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content}


def _tool(tool: Tool) -> dict[str, JsonValue]:
    strict = strict_schema(tool.parameters)
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters) if strict is None else strict,
        "strict": strict is not None,
    }


def _format(schema: Schema) -> dict[str, JsonValue]:
    strict = strict_schema(schema)
    kept = dict(schema) if strict is None else strict
    return {"type": "json_schema", "name": "answer", "schema": kept, "strict": strict is not None}
