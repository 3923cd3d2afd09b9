"""Durations as people write them: `20`, `"250ms"`, `"20s"`, `"5m"`, `"24h"`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError

_SECONDS_IN = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_SECONDS = 100 * 365 * 86_400.0
"""Beyond it calendars end: a job that was told to wait so long could not even be kept."""
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def seconds_of(duration: object, *, name: str | None = None) -> float:
    """Return how many seconds this is: a number of them, or a text with a unit; `name` is that of the argument.

    Raises:
        InvalidRequestError: it is neither, or less than nothing, or more than a hundred years.
    """
    seconds = _read(duration)
    if seconds is None or not 0 <= seconds <= LONGEST_SECONDS:
        raise _unusable(name)
    return float(seconds)


def _read(duration: object) -> float | None:
    match duration:
        case bool():
            return None
        case int() | float():
            return duration
        case str() if found := _WRITTEN.fullmatch(duration.strip()):
            return float(found[1]) * _SECONDS_IN[found[2]]
        case _:
            return None


def _unusable(name: str | None) -> InvalidRequestError:
    expected = 'must be 0 or more seconds, a hundred years at most, or a text such as "250ms", "20s", "5m" or "24h"'
    return InvalidRequestError(
        f"{'A duration' if name is None else f'`{name}`'} {expected}.",
        code="invalid_duration",
        fields=[FieldProblem(field=name or "duration", problem=expected)],
    )


Duration = Annotated[float, BeforeValidator(seconds_of)]
"""A field in seconds that may be written with a unit."""
