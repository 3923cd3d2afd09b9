"""Text that every store can keep, and look for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def is_plain(text: str) -> bool:
    """Return whether a text holds neither a NUL nor half a character, of which some database takes none."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("must hold no NUL, and no half of a character")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]
"""A text with neither a NUL nor half a character."""
