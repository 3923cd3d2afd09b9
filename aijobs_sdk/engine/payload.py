"""What of a payload may be stored: no secret that the job type did not ask for, and no number that JSON has not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import NamedTuple

from pydantic import BaseModel

from aijobs_sdk.contract.payload_json import MOST_LEVELS
from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.contract.refusal import cannot_submit
from aijobs_sdk.engine.declared import Kinds, declared_by

_SECRET = re.compile(r"password|secret|token|api[-_ ]?key", re.IGNORECASE)
_MOST_BITS = 14_285
"""Of a number of 4,300 digits, the most that Python and JSON's readers go between a number and its text."""


class Sanitised(NamedTuple):
    """A payload without its secrets, and the paths of the keys that were dropped."""

    payload: dict[str, object]
    dropped: tuple[str, ...]


def drop_secrets(payload: Mapping[str, object], model: type[BaseModel]) -> Sanitised:
    """Return the payload without keys that look like secrets, at any depth; a field the model declares stays.

    Raises:
        InvalidRequestError: it holds NaN, an infinity, a whole number too long to be written, or a name with half a
            character; its place is named.
        RecursionError: it has more levels than a payload may have.
    """
    dropped: list[str] = []
    clean = _clean(payload, declared_by(model), "payload", dropped, MOST_LEVELS)
    return Sanitised(clean, tuple(dropped))


def _clean(fields: Mapping[str, object], kinds: Kinds, path: str, dropped: list[str], levels: int) -> dict[str, object]:
    clean: dict[str, object] = {}
    declared, others = kinds.fields, kinds.values
    for key, value in fields.items():
        where = f"{path}.{key}"
        if not is_whole(str(key)):  # validation would put question marks in its place
            raise cannot_submit(path, "has a name that holds half of a character (a lone surrogate)")
        if key not in declared and not kinds.are_verbatim and _looks_like_a_secret(str(key), declared):
            dropped.append(where)
        else:
            clean[key] = _clean_value(value, declared.get(key, others), where, dropped, levels - 1)
    return clean


def _looks_like_a_secret(key: str, declared: Iterable[str]) -> bool:
    return _SECRET.search(key) is not None and not _misspells(key, declared)


def _misspells(key: str, declared: Iterable[str]) -> bool:
    """Return whether this is a declared field in other letters, `maxTokens`: validation will refuse it by name."""
    return _letters(key) in map(_letters, declared)


def _letters(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _clean_value(value: object, kinds: Kinds, path: str, dropped: list[str], levels: int) -> object:
    match value:
        case Mapping() | list() | tuple() if not levels:
            raise RecursionError(path)
        case Mapping():
            return _clean(value, kinds, path, dropped, levels)
        case list() | tuple():
            within, less = kinds.items, levels - 1
            items = [_clean_value(item, within, f"{path}[{n}]", dropped, less) for n, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items  # a strict model tells them apart
        case float() if not isfinite(value):  # JSON has no such number: it would be kept as null
            raise cannot_submit(path, "must be a finite number")
        case int() if value.bit_length() > _MOST_BITS:
            raise cannot_submit(path, "is a whole number of too many digits")
        case _:
            return value
