"""What of a payload may be stored: no secret that the job type did not ask for, and no number that JSON has not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from math import isfinite
from typing import NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Verbatim

_SECRET = re.compile(r"password|secret|token|api[-_ ]?key", re.IGNORECASE)


class Sanitised(NamedTuple):
    """A payload without its secrets, and the paths of the keys that were dropped."""

    payload: dict[str, object]
    dropped: tuple[str, ...]


def drop_secrets(payload: Mapping[str, object], model: type[BaseModel]) -> Sanitised:
    """Return the payload without keys that look like secrets, at any depth; a field the model declares stays.

    Raises:
        InvalidRequestError: it holds NaN or an infinity; its place is named.
    """
    dropped: list[str] = []
    clean = _clean(payload, _declared(model), "payload", dropped)
    return Sanitised(clean, tuple(dropped))


def _clean(
    fields: Mapping[str, object], declared: Mapping[str, object], path: str, dropped: list[str]
) -> dict[str, object]:
    clean: dict[str, object] = {}
    for key, value in fields.items():
        where = f"{path}.{key}"
        if key not in declared and _SECRET.search(str(key)) and not _misspells(key, declared):
            dropped.append(where)
        else:
            clean[key] = _clean_value(value, declared.get(key), where, dropped)
    return clean


def _misspells(key: str, declared: Mapping[str, object]) -> bool:
    """Return whether this is a declared field in other letters, `maxTokens`: validation will refuse it by name."""
    return _letters(key) in map(_letters, declared)


def _letters(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _clean_value(value: object, annotation: object, path: str, dropped: list[str]) -> object:
    match value:
        case _ if annotation is Verbatim:
            return value
        case Mapping():
            return _clean(value, _declared(annotation), path, dropped)
        case list() | tuple():
            items = [_clean_value(item, annotation, f"{path}[{n}]", dropped) for n, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items  # a strict model tells them apart
        case float() if not isfinite(value):  # JSON has no such number: it would be kept as null
            problem = "must be a finite number"
            raise InvalidRequestError(
                f"Cannot submit this job: `{path}` {problem}.",
                code="invalid_payload",
                fields=[FieldProblem(field=path, problem=problem)],
            )
        case _:
            return value


@cache
def _declared(annotation: object) -> Mapping[str, object]:
    """Return the fields that a model declares, with the model each of them holds, if any, or `Verbatim`."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {}
    return {
        known_as: _held_by(field)
        for name, field in annotation.model_fields.items()
        for known_as in (name, field.alias or name)
    }


def _held_by(field: FieldInfo) -> object:
    return Verbatim if _is_verbatim(field.annotation, *field.metadata) else _model_in(field.annotation)


def _is_verbatim(*annotations: object) -> bool:
    return any(
        isinstance(one, Verbatim) or _is_verbatim(*getattr(one, "__args__", ()), *getattr(one, "__metadata__", ()))
        for one in annotations
    )


def _model_in(annotation: object) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)
