"""Between which numbers vendors let sampling be set; each refuses in words of its own what lies beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import JsonValue


class Range(NamedTuple):
    """From the least to the most; both are taken."""

    least: float
    most: float


SHARE = Range(0, 1)
PENALTY = Range(-2, 2)


class Misfit(NamedTuple):
    """A field whose value lies in no such range."""

    field: str
    value: JsonValue
    range: Range

    @property
    def number(self) -> float | None:
        """The value, None where it is no number at all."""
        return _number(self.value)

    @property
    def is_below(self) -> bool:
        """Whether it is too small, rather than too large."""
        return self.number is not None and self.number < self.range.least


def first_misfit(body: Mapping[str, JsonValue], ranges: Mapping[str, Range]) -> Misfit | None:
    """Return the first field that a body sets to something else than its range holds, None where all fit."""
    given = (Misfit(name, body.get(name), within) for name, within in ranges.items() if body.get(name) is not None)
    return next((one for one in given if not _fits(one)), None)


def _fits(one: Misfit) -> bool:
    return one.number is not None and one.range.least <= one.number <= one.range.most


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
