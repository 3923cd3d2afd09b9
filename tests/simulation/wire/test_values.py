"""Values by schema fit the models that the schemas were made of."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from random import Random
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from aijobs_sdk.simulation.wire.values import MOST_CHARS, UnusableSchemaError, value_for


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Address(BaseModel):
    street: str
    number: Annotated[int, Field(ge=1, lt=200)]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(gt=0, le=9, multiple_of=3)]


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: Annotated[list[str], Field(min_length=2, max_length=4)]


class Node(BaseModel):
    name: Annotated[str, Field(min_length=3, max_length=12)]
    children: list[Node] = []
    parent: Node | None = None


class Person(BaseModel):
    id: UUID
    born: date
    seen: datetime | None
    mood: Mood
    score: Annotated[float, Field(gt=0.5, lt=0.75)]
    address: Address
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    pair: tuple[int, str]
    tags: dict[str, str] = {}
    active: bool


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("model", [Person, Node, Address, Cat, Dog])
def test_a_value_fits_the_model_its_schema_was_made_of(model: type[BaseModel], seed: int) -> None:
    assert model.model_validate(value_for(model.model_json_schema(), Random(seed)))


def test_the_same_draws_make_the_same_value() -> None:
    schema = Person.model_json_schema()
    assert value_for(schema, Random(1)) == value_for(schema, Random(1)) != value_for(schema, Random(2))


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}, dict),
        ({"type": ["string", "null"]}, str),
        ({"properties": {"a": {}}}, dict),
        ({"type": "array", "items": {"type": "number"}, "minItems": 5}, list),
        ({"type": "array"}, list),
        ({"type": "integer", "maximum": -5}, int),
        ({"type": "null"}, type(None)),
        ({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["a"]}]}, dict),
        ({}, str),
    ],
)
def test_every_way_to_say_a_type_is_understood(schema: dict[str, Any], kind: type) -> None:
    assert isinstance(value_for(schema, Random(0)), kind)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/nope"},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "integer", "minimum": "a"},
        {"type": "string", "minLength": "long"},
        {"enum": []},
    ],
)
def test_a_schema_that_no_value_fits_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchemaError):
        value_for(schema, Random(0))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 10**9},
        {"type": "array", "items": {"type": "null"}, "minItems": 10**9},
        {"type": "array", "items": {"type": "array", "items": {}, "maxItems": 10**9}, "maxItems": 10**9},
    ],
)
def test_a_value_is_no_longer_than_a_model_would_write_it(schema: dict[str, Any]) -> None:
    assert len(str(value_for(schema, Random(0)))) < 10 * MOST_CHARS


def test_an_integer_keeps_its_upper_bound() -> None:
    assert value_for({"type": "integer", "maximum": -5}, Random(3)) <= -5  # type: ignore[operator]
