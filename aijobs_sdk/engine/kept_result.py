"""What a handler returned, as it is kept: a JSON object that every reader can read again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.engine.job_type import JobType

# NaN and infinity are numbers to Python and nothing to JSON: a database would refuse them, much later.
_JSON: TypeAdapter[Mapping[str, JsonValue]] = TypeAdapter(
    Mapping[str, JsonValue], config=ConfigDict(allow_inf_nan=False)
)


class InvalidResultError(Exception):
    """The handler returned something that is not its type's result, or that JSON cannot hold."""

    def __init__(self, result: object, job_type: JobType[BaseModel]) -> None:
        wanted = "an object that JSON can hold" if job_type.result_model is None else job_type.result_model.__name__
        super().__init__(f"The handler of {job_type.name!r} returned {shape_of(result)}, which is not {wanted}.")


def as_json(result: object, job_type: JobType[BaseModel]) -> Mapping[str, JsonValue]:
    """Return a result as it is kept.

    Raises:
        InvalidResultError: it is not its type's result, or JSON cannot hold it.
    """
    try:
        return _read_as_json(result, job_type.result_model)
    except ValueError:  # pydantic's are such; their text shows the values
        raise InvalidResultError(result, job_type) from None


def _read_as_json(result: object, model: type[BaseModel] | None) -> Mapping[str, JsonValue]:
    if model is not None and not isinstance(result, model):
        result = model.model_validate(result)
    data = result.model_dump(mode="json") if isinstance(result, BaseModel) else _JSON.validate_python(result)
    # As every reader will have it; what cannot be read, such as a number of too many digits, does not come back.
    read: Mapping[str, JsonValue] = from_json(to_json(data, inf_nan_mode="constants"), allow_inf_nan=False)
    return read
