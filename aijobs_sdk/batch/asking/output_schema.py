"""From a model of pydantic to the JSON schema that a vendor is asked to keep to."""

from __future__ import annotations

from pydantic import BaseModel, PydanticUndefinedAnnotation, PydanticUserError
from pydantic.errors import PydanticInvalidForJsonSchema

from aijobs_sdk.batch.columns.schema_columns import schema_of_instances
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

_REFERENCE = "$ref"
_DEFINITIONS = "$defs"


def output_schema(model: object) -> dict[str, object]:
    """Return the schema, of an object, that answers have to fit.

    Raises:
        InvalidRequestError: it is no model, or one of its fields cannot be told or written in JSON.
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        what = f"the class {model.__name__}" if isinstance(model, type) else shape_of(model)
        raise _unusable(f"should be a class of pydantic's, derived from `BaseModel`, got {what}")
    try:
        schema_of_instances(model)  # by which answers are written, once they are paid for
        schema = _as_an_object(model.model_json_schema())
    except PydanticInvalidForJsonSchema:
        raise _unusable("has a field of a kind that JSON has no word for, such as a function; leave it out") from None
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        raise _unusable(f"is not usable yet: {error.message}") from None
    if schema.get("type") != "object":
        raise _unusable(f"should have fields, and {model.__name__} is no object in JSON: give it one that holds it")
    return schema


def _as_an_object(schema: dict[str, object]) -> dict[str, object]:
    """Return the schema with the definition itself in place of a reference at its top: that of a model in itself."""
    definitions = schema.get(_DEFINITIONS, {})
    while isinstance(reference := schema.get(_REFERENCE), str) and isinstance(definitions, dict):
        others = {name: value for name, value in schema.items() if name != _REFERENCE}
        schema = {**definitions[reference.rpartition("/")[2]], **others}
    return schema


def _unusable(problem: str) -> InvalidRequestError:
    return bad_argument("output_model", problem)
