"""What a cell holds: whatever a library keeps in it, made into plain Python that every kind of file can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import BaseModel


def plain(value: object) -> object:
    """Return the value as texts, numbers, lists, mappings and dates; what is missing or not finite as None.

    Raises:
        UnicodeEncodeError: a text holds half a character, which no file can.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            value.encode()
            return value
        case float():
            return value if math.isfinite(value) else None
        case BaseModel():
            return value.model_dump(mode="json")
        case Mapping():
            return {str(key): plain(held) for key, held in value.items()}
        case list() | tuple():
            return [plain(held) for held in value]
        case _ if hasattr(value, "tolist"):  # numpy's arrays and scalars
            return plain(value.tolist())
        case _:
            return None if _is_missing(value) else value


def _is_missing(value: object) -> bool:
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN and NaT are how a data frame writes nothing
    except TypeError:  # pandas.NA will not say
        return True
