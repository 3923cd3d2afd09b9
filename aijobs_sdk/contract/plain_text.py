"""Text that every store can keep, and look for."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field


def is_plain(text: str) -> bool:
    """Return whether a text holds neither a NUL nor half a character, of which some database takes none."""
    return "\x00" not in text and is_whole(text)


def is_whole(text: str) -> bool:
    """Return whether a text holds no half of a character (a lone surrogate), which no encoding has."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def made_plain(text: object) -> str:
    """Return a text as every store takes it: with a question mark for half a character, or for a NUL."""
    return str(text).encode("utf-8", "replace").decode().replace("\x00", "?")


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("must hold no NUL, and no half of a character")
    return text


_NOT_ON_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters, and what separates lines and paragraphs."""


def is_on_one_line(text: str) -> bool:
    """Return whether a text holds no control character, no half of a character, and nothing that ends a line."""
    return not any(unicodedata.category(char) in _NOT_ON_A_LINE for char in text)


def _on_one_line(text: str) -> str:
    if text != text.strip() or not is_on_one_line(text):
        raise ValueError("must be on one line, without control characters, and without spaces around it")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]
"""A text with neither a NUL nor half a character."""
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_PATTERN = rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"
OneLine = Annotated[str, Field(min_length=1, json_schema_extra={"pattern": _PATTERN}), AfterValidator(_on_one_line)]
"""A text, not an empty one, that can stand in a list with one thing a line."""
