"""Values by schema fit the models that the schemas were made of."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Network, IPv6Interface
from random import Random
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, create_model

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


FIELDS = [
    (Decimal, {}),
    (Decimal | None, {"ge": 0, "max_digits": 6, "decimal_places": 2}),
    (list[Decimal], {"min_length": 2}),
    (float, {"multiple_of": 0.5}),
    (float, {"multiple_of": 2.5, "gt": 0}),
    (float, {"multiple_of": 0.1, "ge": 0.3, "le": 1}),
    (int, {"multiple_of": 7, "gt": 0, "le": 7}),
    (dict[str, int], {"min_length": 2}),
    (dict[str, Any], {"min_length": 1, "max_length": 2}),
    (dict[Literal["a", "b"], int], {"min_length": 2}),
    (dict[Annotated[str, Field(pattern="^[a-z]+$")], int], {"min_length": 2}),
    (list[Any], {"min_length": 2}),
    (set[bool], {"min_length": 2}),
    (set[str], {"min_length": 4}),
    (frozenset[str], {"min_length": 2, "max_length": 2}),
    (str, {"pattern": r"^[A-Z]{3}-\d{4}$"}),
    (str, {"pattern": r"^[a-z0-9_]+$", "min_length": 5, "max_length": 10}),
    (str, {"pattern": r"^\+?[1-9]\d{1,14}$"}),
    (IPv4Network | IPv6Interface, {}),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "bounds"), FIELDS, ids=str)
def test_a_value_keeps_to_what_a_field_says(kind: Any, bounds: dict[str, Any], seed: int) -> None:
    model = create_model("Model", field=(kind, Field(**bounds)))
    assert model.model_validate_json(json.dumps(value_for(model.model_json_schema(), Random(seed))))


def test_a_decimal_that_has_to_be_a_text_is_one() -> None:
    written = value_for({"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"}, Random(0))
    assert isinstance(written, str)
    assert Decimal(written)


def test_a_pattern_that_is_not_simple_is_not_heeded() -> None:
    assert value_for({"type": "string", "pattern": "^(a|b)$"}, Random(0))
    assert value_for({"type": "string", "pattern": "a{3000}("}, Random(0))


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
