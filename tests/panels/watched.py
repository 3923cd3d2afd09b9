"""Something that is on show, and notes what it is told."""

from __future__ import annotations

import threading
from decimal import Decimal

from aijobs_sdk.notebook.snapshot import BatchSnapshot, Command, Phase, Snapshot


class Noting:
    """A batch that stands as it was made."""

    def __init__(self, *, fails: bool = False) -> None:
        self.told: list[Command] = []
        self.heard = threading.Event()
        """Set once it was told anything."""
        self._fails = fails

    def snapshot(self) -> Snapshot:
        return BatchSnapshot(
            title="captions-v3", phase=Phase.RUNNING, total=10, credits=Decimal(2), commands=(Command.CANCEL,)
        )

    def steer(self, command: Command) -> None:
        self.told.append(command)
        self.heard.set()
        if self._fails:
            raise RuntimeError("it cannot")
