"""One thing on show: looked at now and then, put into words, and drawn where something changed."""

from __future__ import annotations

import weakref
from datetime import datetime

from aijobs_sdk.notebook.frontend import current_cell_run
from aijobs_sdk.notebook.pace import Pace
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Phase, Snapshot, Watched
from aijobs_sdk.notebook.surface import Surface
from aijobs_sdk.notebook.view import View
from aijobs_sdk.notebook.words import worded

MOST_CAUSES_AT_THE_END = 50
_AT_REST = frozenset({Phase.READY, Phase.PAUSED})


class Panel:
    """A watched thing on its surface; one thread at a time looks.

    A batch at rest is not kept alive by being on show: once nobody has it, nobody can begin it either.
    """

    def __init__(self, watched: Watched, surface: Surface) -> None:
        self._watched = weakref.ref(watched)
        self._kept: Watched | None = watched
        self._surface = surface
        self._pace = Pace()
        self.cell_run = current_cell_run()
        """Where it is shown."""
        self._last: tuple[Snapshot, float | None] | None = None
        """How it stood when it was looked at to be drawn, and how fast it was."""
        self._view: View | None = None
        self.is_over = False
        """Whether it was drawn for the last time."""
        self.is_left_to_its_caller = False
        """Whether only a call that blocks draws it: what a thread draws would not be seen."""

    @property
    def most_per_second(self) -> float:
        """So often it is drawn at most."""
        return self._surface.most_per_second

    def shows(self, watched: Watched) -> bool:
        """Return whether this is what it shows."""
        return self._watched() is watched

    def look(self, *, draws: bool = True) -> bool:
        """Draw how it stands, if it stands otherwise than it did; for the last time if nothing comes after it.

        If it is not to be drawn now, only what is last is. Return whether it was drawn, and goes on.
        """
        if self.is_over:
            return False
        snapshot = self._snapshot()
        if snapshot is None or snapshot.is_last:
            self._finish(snapshot)
        elif draws and (now := (snapshot, self._paced(snapshot))) != self._last:
            self._last = now
            view = self._worded(snapshot)
            if view != self._view:
                self._surface.draw(view)
                self._view = view
                return True
        return False

    def finish(self) -> None:
        """Draw for the last time how it stands, final or not, and let go of the surface."""
        if not self.is_over:
            self._finish(self._snapshot())

    def _snapshot(self) -> Snapshot | None:
        """Return how it stands; None where nobody has it any more."""
        watched = self._watched()
        if watched is None:
            return None
        snapshot = watched.snapshot()
        is_at_rest = isinstance(snapshot, BatchSnapshot) and snapshot.phase in _AT_REST
        self._kept = None if is_at_rest else watched
        return snapshot

    def _finish(self, snapshot: Snapshot | None) -> None:
        if snapshot is None and self._last is not None:
            snapshot, _ = self._last
        if snapshot is not None:
            self._surface.finish(self._worded(snapshot, most_causes=MOST_CAUSES_AT_THE_END))
        self.is_over, self._kept = True, None

    def _worded(self, snapshot: Snapshot, **limits: int) -> View:
        return worded(snapshot, self._paced(snapshot), now=datetime.now().astimezone(), **limits)

    def _paced(self, snapshot: Snapshot) -> float | None:
        if not isinstance(snapshot, BatchSnapshot):
            return None
        return self._pace.note(snapshot.elapsed_seconds, snapshot.finished)
