"""Work on many things, of which others on the same loop wait for a part only."""

from __future__ import annotations

import asyncio

AT_ONCE = 10
"""About a millisecond's work, where a thing is a job to be checked: less than others do in the turn they are left."""


class Turns:
    """Lets others have a turn after each few things, however many calls of ours these come in.

    Without it, a loop that submits ten thousand jobs with an `await` each would hold up everything else, the first of
    these jobs included: nothing in it has to wait.
    """

    def __init__(self) -> None:
        self._worked_on = 0
        """Things, since others had a turn."""

    async def leave_one(self) -> None:
        """Let others have a turn before the next thing, where AT_ONCE have been worked on without one."""
        if self._worked_on >= AT_ONCE:
            await asyncio.sleep(0)
            self._worked_on = 0
        if not self._worked_on:
            asyncio.get_running_loop().call_soon(self._note_turn)
        self._worked_on += 1

    def _note_turn(self) -> None:
        self._worked_on = 0
