"""Schemas as OpenAI keeps to them: what it says of its "strict" ones is narrower than JSON schema."""

from __future__ import annotations

from pydantic import JsonValue

from aijobs_sdk.providers.schemas import Schema, closed_schema, has_open_objects

_SAY_WHAT_IT_IS = frozenset({"type", "enum", "const", "anyOf", "$ref"})
_REFUSED = frozenset(
    {
        "allOf",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "maxContains",
        "maxLength",
        "maxProperties",
        "minContains",
        "minLength",
        "minProperties",
        "not",
        "oneOf",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)
"""Words at which OpenAI refuses a strict schema (OpenAI, "Structured model outputs", read 2026-11-28)."""
_FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"})
"""All that it knows of texts; others it refuses."""
_NAMED = ("properties", "$defs", "definitions")
"""What holds schemas by names of the user's."""


def strict_schema(schema: Schema) -> dict[str, JsonValue] | None:
    """Return the schema as OpenAI keeps to it; None where it would refuse the schema if it were told to."""
    strict = _reworded(closed_schema(schema))
    return None if has_open_objects(strict) or _has_what_is_refused(strict) else strict


def _reworded(schema: Schema) -> dict[str, JsonValue]:
    """Return the same in words that OpenAI takes: pydantic writes others of a choice by a field, and beside `$ref`."""
    said = {name: _inside(name, value) for name, value in schema.items() if name != "discriminator"}
    if "oneOf" in said and "anyOf" not in said:
        said["anyOf"] = said.pop("oneOf")
    if "$ref" in said and len(said) > 1 and "anyOf" not in said and not said.keys() & set(_NAMED):
        said["anyOf"] = [{"$ref": said.pop("$ref")}]
    return said


def _inside(name: str, value: JsonValue) -> JsonValue:
    match value:
        case dict() if name in _NAMED:
            return {one: _reworded(below) if isinstance(below, dict) else below for one, below in value.items()}
        case dict() if name != "const":
            return _reworded(value)
        case list() if name != "enum":
            return [_reworded(below) if isinstance(below, dict) else below for below in value]
        case _:
            return value


def _has_what_is_refused(schema: Schema) -> bool:
    if schema.keys() & _REFUSED or not schema.keys() & _SAY_WHAT_IT_IS:
        return True
    return schema.get("format", "date") not in _FORMATS or any(map(_has_what_is_refused, _below(schema)))


def _below(schema: Schema) -> list[Schema]:
    """Return the schemas that this one is made of."""
    named = [below for name in _NAMED if isinstance(those := schema.get(name), dict) for below in those.values()]
    choices = schema.get("anyOf")
    parts = [*named, schema.get("items"), *(choices if isinstance(choices, list) else [])]
    return [part for part in parts if isinstance(part, dict)]
