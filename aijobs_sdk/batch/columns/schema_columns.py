"""Which columns answers have that fit a JSON schema, or a model: known before the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import cast

from pydantic import BaseModel

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.kinds import ANYTHING, NOTHING, Kind, Sort, either

_SORTS = {"string": Sort.TEXT, "integer": Sort.LONG, "number": Sort.NUMBER, "boolean": Sort.BOOLEAN}
_REFERENCE = "#/$defs/"


def columns_of_schema(schema: Mapping[str, object]) -> Columns:
    """Return a column for each property of the object that the schema describes.

    One of a kind that the schema leaves open, or that holds itself, holds JSON as text.
    """
    definitions = cast("Mapping[str, object]", schema.get("$defs", {}))
    return Columns(_Reading(definitions).kind(schema).fields)


def columns_of_model(model: type[BaseModel]) -> Columns:
    """Return a column for each field of its instances, by the name that it has in Python, also of those it computes."""
    return columns_of_schema(schema_of_instances(model))


def schema_of_instances(model: type[BaseModel]) -> Mapping[str, object]:
    """Return what instances look like as JSON, which is not what a vendor is asked for: that has aliases.

    Raises:
        PydanticUserError: a field has no words in JSON.
    """
    return model.model_json_schema(by_alias=False, mode="serialization")


class _Reading:
    """Of a schema: its definitions, and those of them that are being read."""

    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions
        self._open: list[str] = []

    def kind(self, schema: object) -> Kind:
        match schema:
            case {"$ref": str(reference)}:
                return self._defined(reference.removeprefix(_REFERENCE))
            case {"anyOf": [*choices]} | {"oneOf": [*choices]}:
                return reduce(either, map(self.kind, choices), NOTHING)
            case {"type": "null"}:
                return NOTHING
            case {"type": "array", "items": items}:
                return Kind(Sort.LIST, item=self.kind(items))
            case {"type": "object", "properties": Mapping() as properties}:
                return Kind(Sort.OBJECT, fields={name: self.kind(held) for name, held in properties.items()})
            case {"type": str(word)} if word in _SORTS:
                return Kind(_SORTS[word])
            case _:
                return ANYTHING

    def _defined(self, name: str) -> Kind:
        if name in self._open or name not in self._definitions:
            return ANYTHING
        self._open.append(name)
        kind = self.kind(self._definitions[name])
        self._open.pop()
        return kind
