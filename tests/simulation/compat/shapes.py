"""What of a value the types of a vendor's own library do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

_JSON_TYPES: Mapping[str, Any] = {
    "string": str,
    "blob": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}


def unknown_fields(value: Any, path: str = "") -> Iterator[str]:
    """Yield the fields that a library took along without having a name for them."""
    match value:
        case BaseModel():
            path = path or type(value).__name__
            yield from (f"{path}.{name}" for name in value.model_extra or ())
            for name, one in value:
                if name in type(value).model_fields:
                    yield from unknown_fields(one, f"{path}.{name}")
        case list():
            for one in value:
                yield from unknown_fields(one, f"{path}[]")


def misfits(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield where a JSON value is not of the shape that botocore's model of the service describes."""
    path = path or shape.name
    match shape.type_name:
        case "structure" if shape.is_document_type:
            return
        case "structure":
            members = {one.serialization.get("name", name): one for name, one in shape.members.items()}
            yield from (f"{path} lacks {name}" for name in shape.required_members if name not in value)
            for name, one in value.items():
                yield from misfits(members[name], one, f"{path}.{name}") if name in members else (f"{path}.{name}",)
        case "list":
            for one in value:
                yield from misfits(shape.member, one, f"{path}[]")
        case kind:
            allowed = getattr(shape, "enum", None) or [value]
            if not isinstance(value, _JSON_TYPES[kind]) or value not in allowed:
                yield f"{path} is {value!r}"
