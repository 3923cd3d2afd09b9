"""Values that fit a JSON schema: what a model writes when it is asked for structured output or calls a tool."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain, repeat, takewhile
from random import Random
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.patterns import matching

Schema = Mapping[str, Any]
DEEPEST = 6
"""Where optional parts of a schema that holds itself are left out."""
MOST_CHARS = 20_000
"""About how long a value is at most: a schema that asks for more gets less, as from a model."""
_MOST_REFERENCES = 100
"""From one to the next: more of them go in a circle."""
_TRIES = 20
"""For each value that has to differ from those beside it."""
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
    # From here on pydantic's own words and older ones.
    "ipv4interface": "192.0.2.1/24",
    "ipv4network": "192.0.2.0/24",
    "ipv6interface": "2001:db8::1/32",
    "ipv6network": "2001:db8::/32",
    "json-string": "{}",
    "name-email": "Some One <someone@example.org>",
    "uri": "https://example.org/",
    "url": "https://example.org/",
}


_UUIDS = frozenset({"uuid", "uuid4"})


class UnusableSchemaError(ValueError):
    """A schema is none: it refers to what is not there, or says what no value can be."""


def value_for(schema: Schema, rng: Random) -> JsonValue:
    """Return a value that fits the schema. The same generator gives the same value.

    Known are the words that vendors take: `$ref`, `anyOf`, `oneOf`, `allOf`, `enum`, `const`, types, bounds, formats,
    and a `pattern` that is simple; others are not heeded.

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
        kinds = {choice.get("type") for choice in real}
        if {"number", "string"} <= kinds:  # a decimal, in pydantic's words: not every text is one
            real = [choice for choice in real if choice.get("type") != "string"]
        plain = [choice for choice in real if "pattern" not in choice]
        return self._rng.choice(plain or real or list(choices))

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
        written = {
            name: self.write(part, depth=depth + 1)
            for name, part in properties.items()
            if depth < DEEPEST or name in required
        }
        if (least := int(schema.get("minProperties", 0))) > len(written):
            self._add_properties(written, least, schema, depth)
        return written

    def _add_properties(self, written: dict[str, JsonValue], least: int, schema: Schema, depth: int) -> None:
        """Add properties whose names are not given until there are so many."""
        names, part = schema.get("propertyNames") or {}, _open(schema.get("additionalProperties"))
        for pattern, patterned in (schema.get("patternProperties") or {}).items():
            names, part = {"pattern": pattern}, patterned
        for _ in range(_TRIES * least):
            if len(written) >= least or self._chars_left <= 0:
                return
            name = str(self.write({"type": "string", **names}, depth=depth + 1))
            if name not in written:
                written[name] = self.write(part, depth=depth + 1)

    def _array(self, schema: Schema, depth: int) -> JsonValue:
        first: Sequence[Schema] = schema.get("prefixItems") or ()
        least = max(int(schema.get("minItems", 0)), len(first))
        items: Schema | bool | None = schema.get("items", least > len(first))
        most = int(schema.get("maxItems", max(least, 3)))
        count = least if depth >= DEEPEST else self._rng.randint(max(least, min(1, most)), max(least, most, 0))
        tries = _TRIES if schema.get("uniqueItems") else 1
        rest = () if items is None or items is False else repeat(_open(items), max(0, count - len(first)) * tries)
        written = (self.write(part, depth=depth + 1) for part in chain(first, rest))
        values = takewhile(lambda _: self._chars_left > 0, written)
        return _different(values, count) if schema.get("uniqueItems") else [*values]

    def _string(self, schema: Schema) -> str:
        if schema.get("format") in _UUIDS:
            return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema and (matched := self._matching(schema)) is not None:
            return matched
        least, most = min(int(schema.get("minLength", 0)), self._chars_left), schema.get("maxLength")
        text = " ".join(self._rng.sample(_WORDS, self._rng.randint(1, 4)))
        while len(text) < least:
            text += f" {self._rng.choice(_WORDS)}"
        self._chars_left -= len(text)
        return text if most is None else text[: max(least, int(most))]

    def _matching(self, schema: Schema) -> str | None:
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        text = matching(schema["pattern"], self._rng, least=least, most=None if most is None else int(most))
        self._chars_left -= len(text or "")
        return text

    def _integer(self, schema: Schema) -> int:
        # Of the multiples of 5/2, those of 5 are whole.
        step: int = Fraction(str(schema.get("multipleOf", 1))).numerator
        low, high = _bounds(schema, smallest=1)
        if low is None:
            low = 0 if high is None else high - 100
        first: int = math.ceil(low / step) * step
        last: int = math.floor((first + 100 * step if high is None else high) / step) * step
        return first + step * self._rng.randint(0, max(0, round((last - first) / step)))

    def _number(self, schema: Schema) -> float:
        step = schema.get("multipleOf")
        if step is not None:
            return self._multiple(schema, Fraction(str(step)))
        low, high = _bounds(schema, smallest=1e-6)
        if low is None:
            low = 0.0 if high is None else high - 100
        if high is None:
            high = low + 100
        drawn = round(self._rng.uniform(low, high), 2)
        return min(max(drawn, low), high)

    def _multiple(self, schema: Schema, step: Fraction) -> float:
        low, high = _bounds(schema, smallest=float(step) / 1000)
        if low is None:
            low = 0.0 if high is None else high - float(100 * step)
        first = math.ceil(Fraction(str(low)) / step)
        last = first + 100 if high is None else math.floor(Fraction(str(high)) / step)
        drawn = step * (first + self._rng.randint(0, max(0, last - first)))
        return int(drawn) if step.denominator == 1 else float(drawn)


def _open(schema: Schema | bool | None) -> Schema:  # noqa: FBT001 - schemas may be true
    """Return the schema, of any value where it lets in every one."""
    return schema if isinstance(schema, Mapping) else {}


def _different(values: Iterable[JsonValue], count: int) -> list[JsonValue]:
    """Return the first so many that differ, fewer where there are none."""
    found: dict[str, JsonValue] = {}
    for value in values:
        if len(found) == count:
            break
        found.setdefault(json.dumps(value), value)
    return [*found.values()]


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
