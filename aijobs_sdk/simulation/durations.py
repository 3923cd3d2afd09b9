"""Durations as people write them: `20`, `"250ms"`, `"20s"`, `"5m"`, `"24h"`."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError

_SECONDS_IN = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def seconds_of(duration: object) -> float:
    """Return how many seconds this is: a number of them, or a text with a unit.

    Raises:
        InvalidRequestError: it is neither, or less than nothing.
    """
    match duration:
        case bool():
            raise _unusable()
        case int() | float() if math.isfinite(duration) and duration >= 0:
            return float(duration)
        case str() if found := _WRITTEN.fullmatch(duration.strip()):
            return float(found[1]) * _SECONDS_IN[found[2]]
    raise _unusable()


def _unusable() -> InvalidRequestError:
    expected = 'must be 0 or more seconds, or a text such as "250ms", "20s", "5m" or "24h"'
    return InvalidRequestError(
        f"A duration {expected}.",
        code="invalid_duration",
        fields=[FieldProblem(field="duration", problem=expected)],
    )


Duration = Annotated[float, BeforeValidator(seconds_of)]
"""A field in seconds that may be written with a unit."""
