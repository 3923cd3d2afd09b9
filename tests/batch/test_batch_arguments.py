"""An argument that cannot be used is refused by its name, in the line that made it, and in words of ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pytest
from pydantic import BaseModel, RootModel

from aijobs_sdk.batch.asking.parameters import FIELDS
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from batch.batch_worlds import TASKS, WatchedBackend, a_batch

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]

pytestmark = pytest.mark.anyio


class Typed(TypedDict):
    n: int


@dataclass
class Data:
    n: int


class Berths(RootModel[list[int]]):
    """A list."""


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
        (Berths, "should have fields, and Berths is no object in JSON: give it one that holds it"),
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


@pytest.mark.parametrize(("name", "hint"), [("max_token", "Did you mean 'max_tokens'?"), ("api_key", "Known: ")])
def test_a_parameter_that_would_be_dropped_as_a_secret_is_refused(
    backend: WatchedBackend, name: str, hint: str
) -> None:
    problem = re.escape(f"should be fields of a payload: {name!r} is none. {hint}")
    with pytest.raises(InvalidRequestError, match=f"^`parameters` {problem}"):
        AsyncBatch(backend, TASKS, prompt="{task}", model="gpt-5.2", parameters={name: "hush"})
    problem = problem.replace("be", "give", 1)
    with pytest.raises(InvalidRequestError, match=rf"^Row 1 \(index 0\): the prompt function {problem}"):
        AsyncBatch(backend, TASKS, prompt=lambda row: {"prompt": row["task"], name: "hush"}, model="gpt-5.2")


def test_all_that_can_be_said_of_a_row_is_what_its_job_takes() -> None:
    assert frozenset(GenerationPayload.model_fields) == FIELDS


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan"), Decimal("NaN")])
def test_a_number_that_is_none_is_not_taken_for_nothing(backend: WatchedBackend, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^`temperature` should be a finite number, got a "):
        AsyncBatch(backend, TASKS, prompt="{task}", model="gpt-5.2", temperature=value)


@pytest.mark.parametrize(
    "arguments", [{"prompt": "{task}"}, {"model": "gpt-5.2"}, {"max_tokens": 5}, {"parameters": {}}, {"id": "task"}]
)
def test_what_to_ask_is_not_said_without_rows(backend: WatchedBackend, arguments: Any) -> None:
    [name] = arguments
    with pytest.raises(InvalidRequestError, match=f"^`{name}` says what to ask of rows, and none are given"):
        AsyncBatch(backend, name="kept", **arguments)


@pytest.mark.parametrize(
    ("name", "said"),
    [("model", "model"), ("prompt", "prompt"), ("temperature", "temperature"), ("output_schema", "output_model")],
)
def test_what_an_argument_says_no_parameter_says_again(backend: WatchedBackend, name: str, said: str) -> None:
    arguments: Any = {"prompt": "{task}", "model": "gpt-5.2", "temperature": 1, "output_model": Node}
    with pytest.raises(InvalidRequestError, match=f"^`parameters` holds '{name}', which `{said}` says already"):
        AsyncBatch(backend, TASKS, parameters={name: "another"}, **arguments)


async def test_a_model_may_hold_itself(backend: WatchedBackend) -> None:
    batch = a_batch(backend, TASKS[:1], output_model=Node)
    [row] = await batch.run()
    schema: Any = backend.sent[0].payload["output_schema"]
    assert (schema["type"], list(schema["properties"])) == ("object", ["name", "children"])
    assert schema["properties"]["children"]["items"]["$ref"].removeprefix("#/$defs/") in schema["$defs"]
    assert isinstance(row.output, Node)
