"""Numbers that vendors tell, read without believing that they are some."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

MOST_DIGITS = 15
"""More than any limit has."""
MOST_TOKENS = 1_000_000_000
"""More than any one call takes: what it costs can be told, and every store has a place for it."""
TokenCount = Annotated[int, Field(ge=0, le=MOST_TOKENS)]
"""Of an answer; one beyond that is as unreadable as one that is no number."""


def _told(count: object) -> object:
    return 0 if count is None else count


CountIfAny = Annotated[TokenCount, BeforeValidator(_told)]
"""The same where none may be told as `null`, too."""


def whole_number(text: str | None) -> int | None:
    """Return the number that a header gives, None where it is missing or no whole number from 0 on."""
    if text is None or len(text) > MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
