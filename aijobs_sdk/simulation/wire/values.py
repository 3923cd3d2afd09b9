"""Values that fit a JSON schema: what a model writes when it is asked for structured output or calls a tool."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from itertools import chain, repeat, takewhile
from random import Random
from typing import Any

from pydantic import JsonValue

Schema = Mapping[str, Any]
DEEPEST = 6
"""Where optional parts of a schema that holds itself are left out."""
MOST_CHARS = 20_000
"""About how long a value is at most: a schema that asks for more gets less, as from a model."""
_MOST_REFERENCES = 100
"""From one to the next: more of them go in a circle."""
_WORDS = ("river", "report", "summary", "market", "signal", "garden", "method", "result", "sample", "window")
_FORMATS = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "url": "https://example.org/",
}


class UnusableSchemaError(ValueError):
    """A schema is none: it refers to what is not there, or says what no value can be."""


def value_for(schema: Schema, rng: Random) -> JsonValue:
    """Return a value that fits the schema. The same generator gives the same value.

    Known are the words that vendors take: `$ref`, `anyOf`, `oneOf`, `allOf`, `enum`, `const`, types, bounds, formats.
    A `pattern` is not heeded.

    Raises:
        UnusableSchemaError: there is no such value.
    """
    try:
        return _Writer(schema, rng).write(schema, depth=0)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise UnusableSchemaError from error  # whatever stands where a schema, a number or a name should


class _Writer:
    def __init__(self, root: Schema, rng: Random) -> None:
        self._root = root
        self._rng = rng
        self._chars_left = MOST_CHARS

    def write(self, schema: Schema, *, depth: int) -> JsonValue:
        schema = self._resolved(schema, depth)
        self._chars_left -= 1
        if "const" in schema:
            value: JsonValue = schema["const"]
            return value
        if "enum" in schema:
            choice: JsonValue = self._rng.choice(list(schema["enum"]))
            return choice
        match self._type_of(schema, depth):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema)
            case "integer":
                return self._integer(schema)
            case "number":
                return self._number(schema)
            case "boolean":
                return self._rng.choice((True, False))
            case _:
                return None

    def _resolved(self, schema: Schema, depth: int) -> Schema:
        """Return the schema with references followed, and one of its alternatives chosen."""
        for _ in range(_MOST_REFERENCES):
            if "$ref" in schema:
                schema = {**self._target(schema["$ref"]), **_without(schema, "$ref")}
            elif parts := schema.get("allOf"):
                schema = _merged([_without(schema, "allOf"), *(self._resolved(part, depth) for part in parts)])
            elif choices := schema.get("anyOf") or schema.get("oneOf"):
                chosen = self._chosen(choices, depth)
                schema = {**_without(schema, "anyOf", "oneOf"), **chosen}
            else:
                return schema
        raise UnusableSchemaError

    def _target(self, reference: str) -> Schema:
        target: Any = self._root
        for name in reference.removeprefix("#").strip("/").split("/"):
            if name:
                target = target[name.replace("~1", "/").replace("~0", "~")]
        found: Schema = target
        return found

    def _chosen(self, choices: Sequence[Schema], depth: int) -> Schema:
        real = [choice for choice in choices if choice.get("type") != "null"]
        if depth >= DEEPEST and len(real) < len(choices):
            return {"type": "null"}
        return self._rng.choice(real or list(choices))

    def _type_of(self, schema: Schema, depth: int) -> str:
        kind = schema.get("type")
        if isinstance(kind, str):
            return kind.lower()  # Google writes them large
        if isinstance(kind, Sequence):
            real = [str(one) for one in kind if one != "null"]
            return "null" if not real or (depth >= DEEPEST and "null" in kind) else self._rng.choice(real)
        if "properties" in schema:
            return "object"
        return "array" if "items" in schema or "prefixItems" in schema else "string"

    def _object(self, schema: Schema, depth: int) -> JsonValue:
        properties: Mapping[str, Schema] = schema.get("properties") or {}
        required = schema.get("required", ())
        return {
            name: self.write(part, depth=depth + 1)
            for name, part in properties.items()
            if depth < DEEPEST or name in required
        }

    def _array(self, schema: Schema, depth: int) -> JsonValue:
        first: Sequence[Schema] = schema.get("prefixItems") or ()
        items: Schema | None = schema.get("items") or None
        least = max(int(schema.get("minItems", 0)), len(first))
        most = int(schema.get("maxItems", max(least, 3)))
        count = least if depth >= DEEPEST else self._rng.randint(max(least, min(1, most)), max(least, most, 0))
        parts = chain(first, repeat(items, max(0, count - len(first))) if items is not None else ())
        written = (self.write(part, depth=depth + 1) for part in parts)
        return [*takewhile(lambda _: self._chars_left > 0, written)]

    def _string(self, schema: Schema) -> str:
        if schema.get("format") == "uuid":
            return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        least, most = min(int(schema.get("minLength", 0)), self._chars_left), schema.get("maxLength")
        text = " ".join(self._rng.sample(_WORDS, self._rng.randint(1, 4)))
        while len(text) < least:
            text += f" {self._rng.choice(_WORDS)}"
        self._chars_left -= len(text)
        return text if most is None else text[: max(least, int(most))]

    def _integer(self, schema: Schema) -> int:
        step: int = max(1, math.ceil(schema.get("multipleOf", 1)))
        low, high = _bounds(schema, smallest=1)
        if low is None:
            low = 0 if high is None else high - 100
        first: int = math.ceil(low / step) * step
        last: int = math.floor((first + 100 * step if high is None else high) / step) * step
        return first + step * self._rng.randint(0, max(0, round((last - first) / step)))

    def _number(self, schema: Schema) -> float:
        step = schema.get("multipleOf")
        if step is not None and step >= 1:
            return self._integer(schema)
        low, high = _bounds(schema, smallest=1e-6)
        if low is None:
            low = 0.0 if high is None else high - 100
        if high is None:
            high = low + 100
        drawn = round(self._rng.uniform(low, high), 2)
        return min(max(drawn, low), high)


def _bounds(schema: Schema, *, smallest: float) -> tuple[float | None, float | None]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        low = above + smallest
    if (below := schema.get("exclusiveMaximum")) is not None:
        high = below - smallest
    return low, high


def _without(schema: Schema, *names: str) -> Schema:
    return {name: value for name, value in schema.items() if name not in names}


def _merged(schemas: Sequence[Schema]) -> Schema:
    merged: dict[str, Any] = {}
    for schema in schemas:
        properties = {**merged.get("properties", {}), **schema.get("properties", {})}
        required = [*merged.get("required", ()), *schema.get("required", ())]
        merged |= schema
        if properties:
            merged |= {"properties": properties, "required": required}
    return merged
