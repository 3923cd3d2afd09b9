"""What a spreadsheet would take for a formula where it stands in a CSV file, whoever wrote it."""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""With those of full width: where Japanese or Chinese is written, Excel takes them as the others."""


def is_formula(text: str) -> bool:
    """Return whether Excel would reckon with `text` instead of showing it."""
    return text.startswith(_STARTS)
