"""Numbers in headers, read without believing that they are some."""

from __future__ import annotations

MOST_DIGITS = 15
"""More than any limit has."""


def whole_number(text: str | None) -> int | None:
    """Return the number that a header gives, None where it is missing or no whole number from 0 on."""
    if text is None or len(text) > MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
