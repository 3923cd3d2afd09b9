"""What the words of `client.batch()` come to: how rows are run, and what is asked of each."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from aijobs_sdk.batch.arguments import BatchArguments
from aijobs_sdk.batch.asking.output_schema import output_schema
from aijobs_sdk.batch.asking.recipe import Recipe
from aijobs_sdk.batch.options import BatchOptions, checked_options
from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

_ASKS = ("prompt", "model", "system", "messages", "images", "temperature", "max_tokens", "parameters", "on_null", "id")


def check_asks_nothing(arguments: BatchArguments) -> None:
    """Refuse to be told what to ask where no rows are given: those that a journal has are asked what they were.

    Raises:
        InvalidRequestError: an argument says it.
    """
    said = next((name for name in _ASKS if arguments.get(name) is not None), None)
    if said is not None:
        raise bad_argument(said, "says what to ask of rows, and none are given: give them as well, or leave it out")


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
    }
    if (output_model := arguments.get("output_model")) is not None:
        given["output_schema"] = output_schema(output_model)
    _check_said_once(more, {**given, "prompt": arguments.get("prompt"), "model": arguments.get("model")})
    return {name: value for name, value in (given | dict(more)).items() if value is not None}


def _check_said_once(parameters: Mapping[str, object], arguments: Mapping[str, object]) -> None:
    twice = next((name for name in parameters if arguments.get(name) is not None), None)
    if twice is not None:
        said = "output_model" if twice == "output_schema" else twice
        raise bad_argument("parameters", f"holds {twice!r}, which `{said}` says already; keep one of them")


def _check_name(name: object) -> None:
    try:
        BatchRequest.model_validate({"name": name}, strict=True)
    except ValidationError:
        problem = "should be a text of 1 to 200 characters on one line, without spaces around it"
        raise bad_argument("name", f"{problem}, got {shape_of(name)}") from None
