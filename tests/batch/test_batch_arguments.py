"""An argument that cannot be used is refused by its name, in the line that made it, and in words of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import pytest
from pydantic import BaseModel

from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.errors import InvalidRequestError
from batch.batch_worlds import TASKS, WatchedBackend, a_batch

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]

pytestmark = pytest.mark.anyio


class Typed(TypedDict):
    n: int


@dataclass
class Data:
    n: int


class Calling(BaseModel):
    call: Callable[[], int]


class Unresolved(BaseModel):
    missing: Missing


class Node(BaseModel):
    name: str
    children: list[Node] = []


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a" * 201, "half \ud83d", b"a", 5])
def test_a_name_that_no_batch_can_have_is_refused_at_once(backend: WatchedBackend, name: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^`name` should be a text of 1 to 200 characters on one line"):
        a_batch(backend, name=name)


@pytest.mark.parametrize(
    ("output_model", "problem"),
    [
        (dict, "should be a class of pydantic's, derived from `BaseModel`, got the class dict"),
        (Typed, "should be a class of pydantic's, .* got the class Typed"),
        (Data, "should be a class of pydantic's, .* got the class Data"),
        (list[Node], "should be a class of pydantic's"),
        (Node(name="a"), "should be a class of pydantic's, .* got a Node"),
        (Calling, "has a field of a kind that JSON has no word for"),
        (
            Unresolved,
            r"is not usable yet: `Unresolved` is not fully defined; .*`Unresolved.model_rebuild\(\)`\.$",
        ),
    ],
)
@pytest.mark.parametrize("rows", [TASKS, None])
def test_what_is_no_model_of_answers_is_refused(
    backend: WatchedBackend, rows: Any, output_model: Any, problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=f"^`output_model` {problem}") as refused:
        AsyncBatch(backend, rows, prompt="{task}", model="gpt-5.2", name="kept", output_model=output_model)
    assert "https://" not in str(refused.value)


@pytest.mark.parametrize("parameters", [5, ["seed"], {5: 1}])
def test_parameters_that_are_no_fields_are_refused(backend: WatchedBackend, parameters: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^`parameters` should be a mapping from names of payload fields"):
        AsyncBatch(backend, TASKS, prompt="{task}", model="gpt-5.2", parameters=parameters)


async def test_a_model_may_hold_itself(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS[:1], output_model=Node)
    [row] = await batch.run()
    schema: Any = backend.sent[0].payload["output_schema"]
    assert (schema["type"], list(schema["properties"])) == ("object", ["name", "children"])
    assert schema["properties"]["children"]["items"]["$ref"].removeprefix("#/$defs/") in schema["$defs"]
    assert isinstance(row.output, Node)
