"""Reads JSON that others wrote, such as a model, so that whoever keeps the value can write it and read it again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import JsonValue
from pydantic_core import from_json

MOST_LEVELS = 128
"""Objects and lists within each other: parsers go to 200, and what is kept stands within something else."""


def read_json(text: str) -> JsonValue:
    """Return the value that a text is in JSON; whole numbers may have 4,300 digits, as many as Python writes.

    Raises:
        ValueError: it is no JSON, or holds NaN, a number beyond the floats, half a character (a lone surrogate, in
            names as well), or more than MOST_LEVELS objects and lists within each other.
    """
    value: JsonValue = from_json(text.encode(), allow_inf_nan=False)
    _check(value)
    return value


def _check(value: JsonValue) -> None:
    """Refuse what the parser lets through; level by level, so that depth costs no stack."""
    level: Sequence[JsonValue] = [value]
    for _ in range(MOST_LEVELS + 1):
        if any(isinstance(one, float) and math.isinf(one) for one in level):  # such as 1e999
            raise ValueError("a number beyond the floats")
        inner = [one for one in level if isinstance(one, dict | list)]
        if not inner:
            return
        level = [held for one in inner for held in (one.values() if isinstance(one, dict) else one)]
    raise ValueError(f"more than {MOST_LEVELS} levels")
