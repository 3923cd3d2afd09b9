"""Finds a field that a JSON document has twice: readers keep one of the two without a word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from aijobs_sdk.contract.payload_json import held_by


class _Object(dict[str, JsonValue]):
    """An object that remembers which of its fields came again."""

    def __init__(self, pairs: Sequence[tuple[str, JsonValue]]) -> None:
        super().__init__(pairs)
        names = Counter(name for name, _ in pairs)
        self.twice = next((name for name, times in names.items() if times > 1), None)


def field_given_twice(body: bytes) -> str | None:
    """Return the path of the first field that an object of a good JSON document has twice, None where none has."""
    return _twice_in(json.loads(body, object_pairs_hook=_Object), "")


def _twice_in(value: object, at: str) -> str | None:
    if isinstance(value, _Object) and value.twice is not None:
        return f"{at}.{value.twice}".removeprefix(".")
    inside = (_twice_in(held, at + place) for place, held in held_by(value))
    return next((found for found in inside if found is not None), None)
