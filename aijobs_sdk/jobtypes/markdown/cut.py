"""Keeps an answer to its limit of characters: where it is cut, and how the cut is marked."""

from __future__ import annotations

import re
from typing import Final

from aijobs_sdk.jobtypes.markdown.characters import is_between_characters

MAX_CHARS: Final = 100_000

_LEAST_CHARS = 500
# Cuts are looked for in the last part only, so that everything before it can be shown at once.
_CUT_WINDOW = 2_000
# From the best to the worst: after a paragraph, a sentence or a line, a word, a character.
_CUT_POINTS = (
    re.compile(r"(?=\n[ \t]*\n)"),
    re.compile(r"(?<=[.!?…])(?=\s)|(?<=[。！？])|(?=\n)"),  # noqa: RUF001 - Chinese and Japanese sentences end so
    re.compile(r"(?=\s)"),
    re.compile(r"&(?:#\w{1,8}|[A-Za-z]\w{1,23});|(?s:.)"),  # begins where neither an entity nor a character is parted
)


def mark_of_cut(max_chars: int) -> str:
    """Return what stands below a text that was cut."""
    return f"\n\n*[Cut at {max_chars:,} characters.]*"


class Output:
    """Lets text through up to `max_chars`; holds the last part until it is known whether the text must be cut there."""

    def __init__(self, max_chars: int) -> None:
        if max_chars < _LEAST_CHARS:
            raise ValueError(
                f"max_chars is {max_chars}; give at least {_LEAST_CHARS}, which leaves room to mark a cut."
            )
        self.is_cut = False
        self._max_chars = max_chars
        self._unheld = max_chars - min(_CUT_WINDOW, max_chars // 2)
        self._passed = 0
        self._ready: list[str] = []
        self._held = ""
        self._inseparable: list[range] = []
        self._closings: list[tuple[int, str]] = [(0, "")]

    def add(self, text: str, *, whole: bool, closing: str = "") -> None:
        """Take in `text`, to be cut nowhere if `whole`; after it a cut needs `closing`."""
        free = 0 if self._held else self._unheld - self._passed
        if whole and len(text) > free:
            free = 0
            self._inseparable.append(range(len(self._held) + 1, len(self._held) + len(text)))
        self._pass(text[:free])
        self._hold(text[free:], closing)
        if self._passed + len(self._held) > self._max_chars:
            self._cut()

    def close(self) -> None:
        """Let the held part through; nothing follows."""
        self._pass(self._held)
        self._held = ""

    def take(self) -> str:
        """Return what was let through since the last call."""
        taken = "".join(self._ready)
        self._ready = []
        return taken

    def _pass(self, text: str) -> None:
        self._passed += len(text)
        self._ready.append(text)

    def _hold(self, text: str, closing: str) -> None:
        before = len(self._held)
        self._held += text
        if not self._held:
            self._closings = [(0, closing)]
        elif closing != self._closings[-1][1]:
            self._closings.append((before + 1, closing))

    def _cut(self) -> None:
        self.is_cut = True
        at = self._cut_point()
        self._pass(self._held[:at] + self._ending(at))
        self._held = ""

    def _cut_point(self) -> int:
        text = self._held[: self._max_chars - self._passed + 1]
        for boundary in _CUT_POINTS:
            points = [point.start() for point in boundary.finditer(text)]
            last = next(filter(self._can_cut, reversed(points)), None)
            if last is not None:
                return last
        return 0

    def _can_cut(self, at: int) -> bool:
        fits = self._passed + at + len(self._ending(at)) <= self._max_chars
        return fits and is_between_characters(self._held, at) and not any(at in whole for whole in self._inseparable)

    def _ending(self, at: int) -> str:
        closing = next(closing for start, closing in reversed(self._closings) if start <= at)
        return closing + mark_of_cut(self._max_chars)
