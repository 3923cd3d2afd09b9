"""What a handler returned, as it is kept: a JSON object that every reader can read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from aijobs_sdk.contract.payload_json import MOST_LEVELS_READ, what_is_no_json
from aijobs_sdk.contract.shapes import shape_of, shortened
from aijobs_sdk.engine.job_type import JobType

# NaN and infinity are numbers to Python and nothing to JSON: a database would refuse them, much later.
_JSON: TypeAdapter[Mapping[str, JsonValue]] = TypeAdapter(
    Mapping[str, JsonValue], config=ConfigDict(allow_inf_nan=False)
)

_TOO_DEEP = frozenset({"recursion_loop", "recursion_depth_exceeded"})
"""Pydantic's words for what is nested deeper than it looks: the path to it is of no help."""


class InvalidResultError(Exception):
    """The handler returned something that is not its type's result, or that JSON cannot hold."""

    def __init__(self, result: object, job_type: JobType[BaseModel], wanted: str, *, where: str) -> None:
        super().__init__(f"The handler of {job_type.name!r} returned {shape_of(result)}, which is not {wanted}{where}.")


def as_json(result: object, job_type: JobType[BaseModel]) -> Mapping[str, JsonValue]:
    """Return a result as it is kept.

    Raises:
        InvalidResultError: it is not its type's result, or JSON cannot hold it.
    """
    model = job_type.result_model
    try:
        fitting = result if model is None or isinstance(result, model) else model.model_validate(result)
    except ValidationError as error:  # its text shows the values
        raise InvalidResultError(result, job_type, error.title, where=_see(_first_of(error))) from None
    try:
        return _read_as_json(fitting)
    except ValueError:
        wanted, where = "an object that JSON can hold", _unspeakable(fitting)
        raise InvalidResultError(result, job_type, wanted, where=where) from None


def _read_as_json(result: object) -> Mapping[str, JsonValue]:
    data = result.model_dump(mode="json") if isinstance(result, BaseModel) else _JSON.validate_python(result)
    # As every reader will have it; what cannot be read, such as a number of too many digits, does not come back.
    read: Mapping[str, JsonValue] = from_json(to_json(data, inf_nan_mode="constants"), allow_inf_nan=False)
    return read


def _unspeakable(result: object) -> str:
    """Return where there is what JSON cannot hold, to end a sentence by; nothing where it is everywhere."""
    try:
        data = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    except ValueError:  # it cannot even be written
        return ""
    try:
        _JSON.validate_python(data)
    except ValidationError as error:
        if _told_first(error)["type"] not in _TOO_DEEP:
            return _see(_first_of(error)[::2])  # between the names stand those of kinds of JSON
    # Only as it is written it cannot be read again, such as a list in a list two hundred times.
    found = what_is_no_json(data, "", levels=MOST_LEVELS_READ - 1)  # it is one itself
    return f": `{shortened(found.field)}` {found.problem}" if found.field else f": it {found.problem}"


def _see(field: Sequence[object]) -> str:
    return f": see `{shortened('.'.join(map(str, field)))}`" if field else ""


def _first_of(error: ValidationError) -> Sequence[object]:
    return _told_first(error)["loc"]


def _told_first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]
