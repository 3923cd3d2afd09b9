"""Writes a line now and then, for a log, another program, or a terminal without any library."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from aijobs_sdk.notebook.static import to_line
from aijobs_sdk.notebook.view import View

LINES_SECONDS = 10.0


class LinesSurface:
    """A line each ten seconds at most, and one at the end.

    Where `says_at_once` is False, nothing is said of what is over before the first of them is due: a log is no place
    for what went well in no time.
    """

    def __init__(
        self,
        *,
        says_at_once: bool,
        stream: TextIO | None = None,
        every_seconds: float = LINES_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_per_second = 0.98 / every_seconds  # a little late, so that it is never too early
        self._stream = stream
        self._every_seconds = every_seconds
        self._clock = clock
        self._says_at_once = says_at_once
        self._due_at: float | None = None
        self._has_spoken = False

    def draw(self, view: View) -> None:
        """Say how it stands, if it is time."""
        if self._is_due():
            self._say(view)

    def finish(self, view: View) -> None:
        """Say how it ended."""
        if self._has_spoken or self._is_due():
            self._say(view)

    def _is_due(self) -> bool:
        now = self._clock()
        if self._due_at is None:
            self._due_at = now if self._says_at_once else now + self._every_seconds
        return now >= self._due_at

    def _say(self, view: View) -> None:
        self._has_spoken = True
        self._due_at = self._clock() + self._every_seconds
        say(to_line(view), self._stream)


def say(line: str, stream: TextIO | None = None) -> None:
    """Write a line to a stream, or to standard error as it is by now."""
    stream = stream or sys.stderr
    # Whoever listened may have gone, or there never was anybody: no reason to stop what the line is about.
    with suppress(OSError, ValueError, AttributeError):
        stream.write(f"{line}\n")  # in one piece, so that threads do not write into each other's lines
        stream.flush()
