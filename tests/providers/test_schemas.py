"""Schemas are closed as vendors want them, and what cannot be closed is known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from aijobs_sdk.providers.schemas import closed_schema, has_open_objects


class Street(BaseModel):
    name: str
    default: bool = False
    """Named like a word of JSON schema."""


class City(BaseModel):
    people: int = 0
    streets: list[Street] = []
    mayor: Street | None = None


class Open(BaseModel):
    counts: dict[str, int]


def test_every_object_names_all_it_has() -> None:
    closed: Any = closed_schema(City.model_json_schema())

    assert closed["required"] == ["people", "streets", "mayor"]
    assert closed["additionalProperties"] is False
    assert closed["$defs"]["Street"]["required"] == ["name", "default"]
    assert closed["$defs"]["Street"]["additionalProperties"] is False
    assert not has_open_objects(closed)


def test_defaults_are_gone_and_properties_of_that_name_are_not() -> None:
    closed: Any = closed_schema(City.model_json_schema())

    assert "default" not in closed["properties"]["people"]
    assert "default" in closed["$defs"]["Street"]["properties"]
    assert "default" not in closed["$defs"]["Street"]["properties"]["default"]


@pytest.mark.parametrize(
    "schema",
    [
        Open.model_json_schema(),
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object"}}}},
        {"anyOf": [{"type": "object", "additionalProperties": True}]},
    ],
)
def test_an_object_with_open_keys_stays_open(schema: dict[str, Any]) -> None:
    assert has_open_objects(closed_schema(schema))


def test_the_schema_that_was_given_stays_as_it_is() -> None:
    schema = City.model_json_schema()
    closed_schema(schema)
    assert schema == City.model_json_schema()
