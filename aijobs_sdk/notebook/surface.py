"""The seam of a display: something that a view can be drawn on, again and again, and once for the last time."""

from __future__ import annotations

from typing import Protocol

from aijobs_sdk.notebook.view import View


class Surface(Protocol):
    """Where one thing on show is drawn: by one thread at a time, not always the same."""

    most_per_second: float
    """So often it is drawn at most."""

    def draw(self, view: View) -> None:
        """Show how it stands now."""
        ...

    def finish(self, view: View) -> None:
        """Show how it ended, in a form that lasts where there is one, and let go of everything."""
        ...
