"""What OpenAI is told to keep to is what it takes: it refuses a whole request for one word of a strict schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, Union
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, HttpUrl

from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.openai.request import responses_request


class Colour(StrEnum):
    RED = "red"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Home(BaseModel):
    cat: Cat = Field(description="Who lives here")
    colour: Colour = Colour.RED
    pet: Union[Cat, Dog] = Field(discriminator="kind", description="Who else does")  # noqa: UP007 - as people write it


class Named(BaseModel):
    oneOf: str  # noqa: N815 - a word of JSON schema as a name
    discriminator: str


class Tuple(BaseModel):
    pair: tuple[int, str]


class Set(BaseModel):
    numbers: set[int]


class Anything(BaseModel):
    what: Any


class Link(BaseModel):
    url: HttpUrl


class Short(BaseModel):
    word: str = Field(min_length=1)


class Open(BaseModel):
    counts: dict[str, int]


def format_for(model: type[BaseModel]) -> Any:
    """Return what is said to OpenAI of the form of an answer."""
    asked = GenerationRequest(
        model="gpt-5.2",
        prompt="Who lives there?",
        output_schema=model.model_json_schema(),
        tenant_id=UUID(int=1),
        job_id=UUID(int=2),
        attempt=1,
        idempotency_token="token",
        draw_key="job",
    )
    return responses_request(asked)["text"]["format"]


def test_nothing_stands_beside_a_reference() -> None:
    properties = format_for(Home)["schema"]["properties"]

    assert properties["cat"] == {"anyOf": [{"$ref": "#/$defs/Cat"}], "description": "Who lives here"}
    assert properties["colour"] == {"$ref": "#/$defs/Colour"}


def test_a_choice_by_a_field_is_a_choice() -> None:
    pet = format_for(Home)["schema"]["properties"]["pet"]

    assert pet["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    assert not pet.keys() & {"oneOf", "discriminator"}


def test_names_of_the_users_are_no_words_of_a_schema() -> None:
    schema = format_for(Named)["schema"]
    assert set(schema["properties"]) == set(schema["required"]) == {"oneOf", "discriminator"}


@pytest.mark.parametrize("model", [Home, Named])
def test_what_can_be_kept_to_is_to_be(model: type[BaseModel]) -> None:
    assert format_for(model)["strict"] is True


@pytest.mark.parametrize("model", [Tuple, Set, Anything, Link, Short, Open])
def test_what_would_be_refused_is_not_asked_for_strictly(model: type[BaseModel]) -> None:
    said = format_for(model)
    assert said["strict"] is False
    assert said["schema"] == model.model_json_schema()
