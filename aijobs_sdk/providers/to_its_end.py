"""Makes a call that is not cut off where whoever makes it is cancelled, as by a time-out or an interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio


async def to_its_end(call: Coroutine[Any, Any, object]) -> None:
    """Make a call, and return once it is over; who is cancelled meanwhile is cancelled after it."""
    asked = asyncio.create_task(call)
    try:
        await asyncio.shield(asked)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):  # a portal cancels again and again
            await asyncio.wait([asked])
        _ = asked.cancelled() or asked.exception()  # nobody else asks how it ended
        raise
