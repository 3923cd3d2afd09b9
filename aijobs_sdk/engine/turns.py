"""Work on many things, of which others on the same loop wait for a part only."""

from __future__ import annotations

import asyncio

AT_ONCE = 20
"""Some milliseconds' work, where a thing is a job to be checked."""


class Turns:
    """Lets others have their turn after each few things, however many calls of ours these came in."""

    def __init__(self) -> None:
        self._since = 0
        """How many were worked on since the last turn of others."""

    async def leave_one(self) -> None:
        """Let others have a turn before the next thing, where AT_ONCE have been worked on without one."""
        self._since += 1
        if self._since > AT_ONCE:
            self._since = 1
            await asyncio.sleep(0)
