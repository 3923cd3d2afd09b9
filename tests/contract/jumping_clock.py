"""A wall clock that somebody sets back or ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from aijobs_sdk.simulation.virtual_time import VirtualClock


class JumpingClock(VirtualClock):
    """How long things take does not hang on it."""

    def __init__(self) -> None:
        super().__init__()
        self.jump = timedelta()

    def now(self) -> datetime:
        return super().now() + self.jump
