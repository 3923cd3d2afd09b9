"""What a batch is asked for, in the words of `client.batch()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from pydantic import BaseModel, ValidationError

from aijobs_sdk.batch.asking.output_schema import output_schema
from aijobs_sdk.batch.asking.question import Prompt
from aijobs_sdk.batch.asking.recipe import OnNull, Recipe
from aijobs_sdk.batch.options import BatchOptions, checked_options
from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of


class BatchArguments(TypedDict, total=False):
    """What `batch()` takes besides the rows; None is as left out."""

    prompt: Prompt | None
    """A template over the columns, such as `Summarise: {text}`; several of them, for a conversation; or a function from
    a row to a prompt, or to a mapping of payload fields."""
    model: str | Sequence[str] | None
    """A model's name, or a template such as `{model}`; or several: each row is asked of each of them."""
    name: str | None
    """Keeps a journal: the same call goes on after a crash, and pays for nothing twice."""
    system: str | None
    """Instructions that stand before every prompt; a template, as the following may be."""
    messages: str | Sequence[Mapping[str, object]] | None
    """What was said before the prompt: `{history}` takes a row's own."""
    images: str | Sequence[str | Path] | None
    """Pictures that stand in the prompt: `{photo}` takes a row's own paths or addresses."""
    temperature: float | str | None
    """0 to 2, as the model understands it; `{t}` takes a row's own, as for all parameters."""
    max_tokens: int | str | None
    """The longest answer."""
    output_model: type[BaseModel] | None
    """What each answer has to fit: `output` is an instance, and its fields are columns. An answer that does not fit is
    asked about once more."""
    parameters: Mapping[str, object] | None
    """More of what `submit()` takes, such as `top_p`, `seed`, `reasoning_effort` or `fallback`."""
    on_null: OnNull | None
    """What to do about a row with an empty cell where one is needed: `error`, which is usual, refuses the batch before
    anything is sent, `skip` leaves the row out."""
    id: str | None
    """A column whose values must be there, and be different in each row."""
    concurrency: int | Mapping[str, int] | None
    """Rows under way at the same time, which models share evenly (100 where it is left out); or a mapping from models.
    """
    budget: Decimal | int | str | None
    """Credits that the batch may cost, all its runs together; it pauses before it would cost more."""
    dedupe: bool | None
    """False: rows that ask the same do not share one answer."""
    fail_fast: bool | None
    """True: the first row that fails ends the run."""
    row_timeout: float | None
    """Seconds that one row may take."""
    deadline: float | None
    """Seconds that a run may take."""
    economy: bool | None
    """True: rows go through the vendors' own batches, for half the price, and are answered within a day."""
    detach: bool | None
    """Whether a process of its own runs it, which goes on when this one ends; where it is left out that is so for a
    batch with a name in a place that lasts."""


def options_of(arguments: BatchArguments) -> BatchOptions:
    """Return how the rows are to be run.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    said = {name: value for name, value in arguments.items() if value is not None}
    if "name" in said:
        _check_name(said["name"])
    if "output_model" in said:
        output_schema(said["output_model"])  # whoever has no rows is refused for it as well
    return checked_options({name: said[name] for name in BatchOptions.model_fields if name in said})


def recipe_of(arguments: BatchArguments) -> Recipe:
    """Return what is to be asked of each row.

    Raises:
        InvalidRequestError: an argument cannot be used, or there is no prompt.
    """
    if (prompt := arguments.get("prompt")) is None:
        raise bad_argument("prompt", "is left out: say what to ask for each row, such as `Summarise: {text}`")
    return Recipe(
        prompt=prompt,
        model=arguments.get("model"),
        parameters=_parameters(arguments),
        on_null=arguments.get("on_null") or "error",
        id=arguments.get("id"),
    )


def _parameters(arguments: BatchArguments) -> dict[str, object]:
    """Return the payload fields that are said for every row."""
    more = arguments.get("parameters") or {}
    if not isinstance(more, Mapping) or not all(isinstance(name, str) for name in more):
        raise bad_argument("parameters", f"should be a mapping from names of payload fields, got {shape_of(more)}")
    given: dict[str, object] = {
        "system": arguments.get("system"),
        "messages": arguments.get("messages"),
        "images": arguments.get("images"),
        "temperature": arguments.get("temperature"),
        "max_tokens": arguments.get("max_tokens"),
        **more,
    }
    if (output_model := arguments.get("output_model")) is not None:
        given["output_schema"] = output_schema(output_model)
    return {name: value for name, value in given.items() if value is not None}


def _check_name(name: object) -> None:
    try:
        BatchRequest.model_validate({"name": name}, strict=True)
    except ValidationError:
        problem = "should be a text of 1 to 200 characters on one line, without spaces around it"
        raise bad_argument("name", f"{problem}, got {shape_of(name)}") from None
