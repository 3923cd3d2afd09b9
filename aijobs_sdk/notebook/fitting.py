"""Texts made to fit where there is little room; what is cut off is shown by `…`."""

from __future__ import annotations


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, so many characters at most."""
    return text if len(text) <= most else f"{text[: max(most - 1, 0)]}…"


def end_of(text: str, most: int) -> str:
    """Return the end of a text, so many characters at most; where it is cut it begins with a whole word."""
    if len(text) <= most:
        return text
    end = text[len(text) - most + 1 :]
    _, space, words = end.partition(" ")
    return f"…{words if space else end}"
