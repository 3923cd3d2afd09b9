"""Texts that match a simple regular expression: letters, classes and how often they come, one after another."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random
from string import ascii_letters, digits, punctuation
from typing import NamedTuple

MOST_CHARS = 1_000
USUAL_CHARS = 8
"""About how much longer than it must be a text becomes."""
_CHARACTERS = f"{ascii_letters}{digits} {punctuation}"
_PART = r"(\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|[^\\()\[\]{}|?*+^$])(?:\{(\d+)(,?)(\d*)\}|([?*+]))?"
_SIMPLE = re.compile(rf"\^?((?:{_PART})*)\$?")
_SAMPLES = ("12.5", "12", "2026-01-15")
"""What numbers and dates look like, whose patterns are seldom simple: pydantic's of a decimal looks ahead."""


class _Part(NamedTuple):
    characters: str
    least: int
    most: int


def matching(pattern: str, rng: Random, *, least: int = 0, most: int | None = None) -> str | None:
    """Return a text that matches the pattern, of such a length where it can be; None for a pattern that is not simple.

    Groups, alternatives and what looks ahead are not, unless a number or a date happens to match.
    """
    try:
        parts = _parts(pattern)
        if parts is None:
            return next((sample for sample in _SAMPLES if re.search(pattern, sample)), None)
    except re.error:
        return None
    counts = [part.least for part in parts]
    shortest = sum(counts)
    if shortest > MOST_CHARS or not all(part.characters for part in parts):
        return None
    longest = min(MOST_CHARS, max(shortest, least) + USUAL_CHARS if most is None else most)
    more = rng.randint(min(least, longest), longest) - shortest
    for place, part in enumerate(parts):
        added = max(0, min(part.most - part.least, more))
        counts[place] += added
        more -= added
    return "".join(rng.choice(part.characters) for part, count in zip(parts, counts, strict=True) for _ in range(count))


@lru_cache(256)
def _parts(pattern: str) -> tuple[_Part, ...] | None:
    simple = _SIMPLE.fullmatch(pattern)
    return None if simple is None else tuple(map(_part, re.finditer(_PART, simple[1])))


def _part(match: re.Match[str]) -> _Part:
    one, least, comma, most, sign = match.groups()
    characters = "".join(filter(re.compile(one).fullmatch, _CHARACTERS))
    if sign is not None:
        return _Part(characters, int(sign == "+"), 1 if sign == "?" else MOST_CHARS)
    if least is None:
        return _Part(characters, 1, 1)
    return _Part(characters, int(least), int(most or (MOST_CHARS if comma else least)))
