"""How OpenAI's requests are read: what chat completions and responses have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.asked import Tool
from aijobs_sdk.simulation.wire.calls import Refused

Body = Mapping[str, JsonValue]


def text_of(message: JsonValue) -> str:
    """Return all text of a message."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    parts: Sequence[Any] = content if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)


def role(message: JsonValue) -> str:
    """Return who says a message; empty where it does not say."""
    return str(message.get("role")) if isinstance(message, dict) else ""


def last_of_user(messages: Sequence[JsonValue]) -> int:
    """Return the place of the last message of the user's, or of the last there is."""
    newest_first = range(len(messages) - 1, -1, -1)
    return next((place for place in newest_first if role(messages[place]) == "user"), len(messages) - 1)


def whole_number(body: Body, name: str) -> int | None:
    """Return a field that has to be 1 or more, None where it is left out."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refused(
            400,
            f"Invalid '{name}': integer below minimum value. Expected a value >= 1.",
            code="integer_below_min_value",
            param=name,
        )
    return value


def stops(stop: JsonValue) -> tuple[str, ...]:
    """Return the texts before which the answer ends.

    Raises:
        Refused: one of them is empty, or no text.
    """
    texts = () if stop is None else stop if isinstance(stop, list) else (stop,)
    found = tuple(one for one in texts if isinstance(one, str) and one)
    if len(found) < len(texts):
        raise Refused(400, "Invalid 'stop': expected texts, none of them empty.", code="invalid_request", param="stop")
    return found


def tools(body: Body) -> tuple[Tool, ...]:
    """Return the functions that the model may call."""
    choice = body.get("tool_choice")
    found = [
        Tool(name=str(one["function"]["name"]), parameters=one["function"].get("parameters") or {})
        for one in listed(body.get("tools"))
        if isinstance(one, dict) and isinstance(one.get("function"), dict)
    ]
    if choice == "none":
        return ()
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        return tuple(one for one in found if one.name == choice["function"].get("name"))  # type: ignore[union-attr]
    return tuple(found)


def listed(value: JsonValue) -> Sequence[Any]:
    """Return the list, an empty one where it is none."""
    return value if isinstance(value, list) else ()


def schema(wanted: JsonValue) -> Body | None:
    """Return the schema that a chat answer has to fit, None for free text."""
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    asked = wanted.get("json_schema")
    schema = asked.get("schema") if isinstance(asked, dict) else None
    return schema if isinstance(schema, dict) else None
