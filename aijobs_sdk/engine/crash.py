"""Where an exception came from, in words that are safe to log: its own text may hold a prompt or a key."""

from __future__ import annotations

import traceback


def place_of(error: BaseException) -> str:
    """Return the exception's type, and the line it was raised in."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno} in {frame.name}"
