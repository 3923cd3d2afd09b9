"""How time goes in the simulated world: as everywhere, or so that hours can be let pass at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop

Advance = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass."""
MOST_SECONDS = 366 * 24 * 3600.0
"""So much may pass at once."""

_STEP_SECONDS = 5.0
_MOST_STEPS = 10_000
_TURNS_A_STEP = 20
"""What falls due in a step has so many turns of the loop to happen in, with what follows from it."""


@dataclass(frozen=True)
class Time:
    """One way in which time goes."""

    now: Callable[[], float]
    """Seconds from some instant on, by the loop that serves."""
    new_world: Callable[[], Mock]
    """A world that begins now."""
    loop: str
    """As uvicorn names the kind of loop that serves."""
    advance: Advance | None = None
    """None where time cannot be hurried."""


def _loop_seconds() -> float:
    return asyncio.get_running_loop().time()


def _new_virtual_world() -> Mock:
    world = Mock(virtual=True)
    # By the calendar of the callers: they say when a job is to run, and ask what this month has cost.
    world.began_at = datetime.now(UTC)
    world.clock = VirtualClock(world.began_at - timedelta(seconds=_seconds_so_far()))
    return world


def _seconds_so_far() -> float:
    try:
        return _loop_seconds()
    except RuntimeError:  # the loop that will serve has not begun
        return 0.0


async def _let_pass(seconds: float) -> None:
    """Let this much time pass in steps, so that what falls due in it happens in its order."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)  # noqa: S101 - `Time.loop` says so
    steps = min(math.ceil(seconds / _STEP_SECONDS), _MOST_STEPS)
    for _ in range(steps):
        loop.advance(seconds / steps)
        for _ in range(_TURNS_A_STEP):
            await asyncio.sleep(0)


REAL = Time(now=time.monotonic, new_world=partial(Mock, virtual=False), loop="auto")
VIRTUAL = Time(
    now=_loop_seconds,
    new_world=_new_virtual_world,
    loop="aijobs_sdk.simulation.virtual_time:VirtualLoop",
    advance=_let_pass,
)
