"""Holds text whose meaning may still change, and looks at none of it too often."""

from __future__ import annotations

import re
from typing import Final

MOST_CHARS: Final = 4_096
"""Undecided text is held no longer than this; then it is decided as if it ended there."""
LONGEST_END: Final = 128
"""What `find` looks for is never longer."""

# Looking again only when text has grown by a sixteenth reads each letter about 16 times, however small the pieces.
_LOOKS_PER_CHAR = 16


class Held:
    """Text that was fed and is not decided yet."""

    def __init__(self) -> None:
        self._text = ""
        self._start = 0
        self._chars_before_text = 0
        self._next_look_at_chars = 0
        self.is_closed = False
        self._no_end_before: dict[re.Pattern[str], int] = {}

    @property
    def window(self) -> str:
        """The beginning of what is held, which is to be decided next."""
        return self._text[self._start : self._start + MOST_CHARS]

    @property
    def is_final(self) -> bool:
        """True if the window is to be decided without more text."""
        return self.is_closed or self._chars >= MOST_CHARS

    @property
    def is_worth_a_look(self) -> bool:
        """True once there is text that was not looked at, or enough more of it to look again."""
        return self._chars > 0 and (self.is_final or self._chars >= self._next_look_at_chars)

    def add(self, text: str) -> None:
        """Hold `text` too."""
        self._chars_before_text += self._start
        self._text = self._text[self._start :] + text
        self._start = 0

    def close(self) -> None:
        """Note that no text follows."""
        self.is_closed = True

    def take(self, chars: int) -> None:
        """Let go of so many characters, which are decided."""
        self._start += chars
        self._next_look_at_chars = 0

    def wait(self) -> None:
        """Note that the window cannot be decided without more text."""
        self._next_look_at_chars = self._chars + self._chars // _LOOKS_PER_CHAR

    def find(self, end: re.Pattern[str], start: int) -> re.Match[str] | None:
        """Return the first `end` in the window from `start` on, without searching twice where there was none."""
        at = self._chars_before_text + self._start
        start = max(start, self._no_end_before.get(end, 0) - at)
        found = end.search(self.window, start)
        nothing_before = found.start() if found else max(start, len(self.window) - LONGEST_END)
        self._no_end_before[end] = at + nothing_before
        return found

    @property
    def _chars(self) -> int:
        return len(self._text) - self._start
