"""Draws a bar in a terminal with tqdm, for who has that."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from tqdm import tqdm

from aijobs_sdk.notebook.static import one_line, to_line
from aijobs_sdk.notebook.view import View

WIDTH = 80
"""Columns, where the terminal does not tell."""
_FORMAT = "{percentage:3.0f} % |{bar:20}| {desc}"


class TqdmSurface:
    """A bar on standard error, which is gone at the end; then one line says how it ended."""

    most_per_second = 10.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._bar: _Bar | None = None

    def draw(self, view: View) -> None:
        """Show how it stands now."""
        stream = self._stream or sys.stderr
        if self._bar is None:
            # With a delay it is not drawn before there is anything to draw.
            self._bar = _Bar(total=100, file=stream, leave=False, bar_format=_FORMAT, delay=1e-9)
        bar = self._bar
        bar.ncols = _width(stream)
        bar.n = view.percent
        bar.desc = f"{one_line(view.title)}: {one_line(view.summary)}"
        bar.refresh()

    def finish(self, view: View) -> None:
        """Take the bar away, and say how it ended."""
        if self._bar is not None:
            self._bar.close()
        tqdm.write(to_line(view), file=self._stream or sys.stderr)


class _Bar(tqdm):  # type: ignore[type-arg] # it counts; it iterates over nothing
    monitor_interval = 0  # tqdm's own thread would draw between our looks


def _width(stream: TextIO) -> int:
    """Return how long a line may be: one column less than there are, since the cursor stands behind it."""
    try:
        return os.get_terminal_size(stream.fileno()).columns - 1
    except (OSError, ValueError):
        return WIDTH - 1
