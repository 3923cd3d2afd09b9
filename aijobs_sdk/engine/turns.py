"""Work on many things, of which others on the same loop wait for a part only."""

from __future__ import annotations

import asyncio

AT_ONCE = 50
"""Some milliseconds' work, where a thing is a job to be checked."""


async def leave_a_turn(place: int) -> None:
    """Let others have a turn before the thing at this place, where AT_ONCE have been worked on without one."""
    if place and place % AT_ONCE == 0:
        await asyncio.sleep(0)
