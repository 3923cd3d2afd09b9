"""JSON schemas as vendors take them for structured output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]


def closed_schema(schema: Schema) -> dict[str, JsonValue]:
    """Return the schema with every object closed: no properties but those it names, and all of them required.

    Vendors keep to a schema only if it leaves nothing open. A property with a default is required, too: the model
    writes it, and no default is needed. An object whose keys are open (`dict[str, int]`) stays as it is.
    """
    closed = {key: _closed(key, value) for key, value in schema.items() if key != "default"}
    properties = closed.get("properties")
    if isinstance(properties, dict) and closed.get("type") == "object":
        closed |= {"required": list(properties), "additionalProperties": False}
    return closed


def has_open_objects(schema: JsonValue | Schema) -> bool:
    """Return whether any object in the schema may have properties that it does not name."""
    match schema:
        case Mapping():
            is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
            return is_open or any(has_open_objects(value) for value in schema.values())
        case Sequence() if not isinstance(schema, str):
            return any(has_open_objects(value) for value in schema)
        case _:
            return False


_NAMED = frozenset({"properties", "$defs", "definitions"})
"""What holds schemas by names of the user's: a property may be called `default`."""


def _closed(key: str, value: JsonValue) -> JsonValue:
    match value:
        case dict() if key in _NAMED:
            return {name: closed_schema(one) if isinstance(one, dict) else one for name, one in value.items()}
        case dict():
            return closed_schema(value)
        case list():
            return [closed_schema(one) if isinstance(one, dict) else one for one in value]
        case _:
            return value
