"""Finds the places between characters as a reader sees them, which may be made of many."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_JOINS_LEFT = {_JOINER, "\ufe0f"} | {chr(tone) for tone in range(0x1F3FB, 0x1F400)}
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
"""Two of them are a flag."""


def is_between_characters(text: str, at: int) -> bool:
    """Tell whether a cut here parts no accent, emoji or flag from what it belongs to."""
    if not 0 < at < len(text):
        return True
    if unicodedata.combining(text[at]) or text[at] in _JOINS_LEFT or text[at - 1] == _JOINER:
        return False
    return ord(text[at]) not in _FLAG_LETTERS or _flag_letters_before(text, at) % 2 == 0


def _flag_letters_before(text: str, at: int) -> int:
    start = at
    while start > 0 and ord(text[start - 1]) in _FLAG_LETTERS:
        start -= 1
    return at - start
