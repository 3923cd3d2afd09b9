"""Work on many things, of which others on the same loop wait for a part only."""

from __future__ import annotations

import asyncio

AT_ONCE_SECONDS = 0.001
"""Of the loop's time: what others may wait for ours without noticing, and many times what a turn costs."""
AT_ONCE = 50
"""Things, where a loop's time stands still while it works, as virtual time does."""


class Turns:
    """Lets others have their turn every now and then, however many calls of ours the work comes in.

    Without it, a loop that submits ten thousand jobs with an `await` each would hold up everything else, the first of
    these jobs included, as nothing in it has to wait.
    """

    def __init__(self) -> None:
        self._worked_on = 0
        """Things, since others had a turn."""
        self._began_at = 0.0

    async def leave_one(self) -> None:
        """Let others have a turn before the next thing, if they have waited for long."""
        loop = asyncio.get_running_loop()
        if self._worked_on and (self._worked_on >= AT_ONCE or loop.time() - self._began_at >= AT_ONCE_SECONDS):
            await asyncio.sleep(0)
            self._worked_on = 0
        if not self._worked_on:
            self._began_at = loop.time()
            loop.call_soon(self._note_turn)
        self._worked_on += 1

    def _note_turn(self) -> None:
        self._worked_on = 0
