"""Something on show that a test moves, and a surface that keeps what was drawn on it."""

from __future__ import annotations

from collections.abc import Sequence

from aijobs_sdk.notebook.hub import Hub
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Command, Phase, Snapshot
from aijobs_sdk.notebook.view import View
from panels.views import batch_snapshot


class Shown:
    """Stands as a test says."""

    def __init__(self, now: Snapshot | None = None) -> None:
        self.now = now or batch_snapshot()
        self.looks = 0
        self.steered: list[Command] = []

    def snapshot(self) -> Snapshot:
        self.looks += 1
        return self.now

    def steer(self, command: Command) -> None:
        self.steered.append(command)

    def stand(self, **changed: object) -> BatchSnapshot:
        """Stand otherwise from now on."""
        self.now = now = batch_snapshot(**changed)
        return now


class Kept:
    """Keeps the views that were drawn, and the last."""

    def __init__(self, most_per_second: float = 10.0) -> None:
        self.most_per_second = most_per_second
        self.drawn: list[View] = []
        self.finished: list[View] = []

    def draw(self, view: View) -> None:
        self.drawn.append(view)

    def finish(self, view: View) -> None:
        self.finished.append(view)

    @property
    def phases(self) -> list[Phase]:
        """Where it stood, view by view."""
        return [view.phase for view in (*self.drawn, *self.finished)]


class Broken(Kept):
    """Cannot be drawn on."""

    def draw(self, view: View) -> None:
        raise OSError("The page is gone.")


class Rounds:
    """A hub whose thread is the test: time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hub = Hub(clock=lambda: self.now)
        self.hub._thread = object()  # type: ignore[assignment] # so that it starts none

    def go(self, seconds: float, *, counted: Sequence[Shown] = (), phase: Phase = Phase.RUNNING) -> None:
        """Let so much time pass, a tenth of a second at a time, in which these go on by a row."""
        for _ in range(round(10 * seconds)):
            self.now += 0.1
            for shown in counted:
                shown.stand(completed=round(10 * self.now), phase=phase)
            self.hub._go_round()
