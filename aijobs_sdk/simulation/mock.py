"""`with aijobs.mock() as sim:` the simulated world that clients made inside live in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop

_CURRENT: ContextVar[Mock | None] = ContextVar("aijobs_mock", default=None)


class Mock(Simulation):
    """A simulated world with its time. Scripts go in by `on().do()`; `calls` tells what the providers were asked."""

    def __init__(self, seed: int = 0, profile: str = "fast", *, virtual: bool) -> None:
        super().__init__(seed, profile)
        self.clock: Clock = VirtualClock() if virtual else SystemClock()
        self.virtual = virtual
        self._loops: list[VirtualLoop] = []

    @property
    def now(self) -> float:
        """Virtual seconds that have passed, on the clock that has run furthest; 0 on the real clock."""
        return max((loop.time() for loop in self._loops), default=0.0)

    def new_loop(self, *, held: bool = False) -> asyncio.AbstractEventLoop:
        """Return a loop on this world's time: `asyncio.Runner(loop_factory=sim.new_loop)`.

        Time passes whenever the loop has nothing else to do; on a `held` one, only inside its `hold()`.
        """
        if not self.virtual:
            return asyncio.new_event_loop()
        loop = VirtualLoop(always=not held)
        self._loops.append(loop)
        return loop


@contextmanager
def mock(*, seed: int = 0, profile: str = "fast", clock: Literal["virtual", "real"] = "virtual") -> Iterator[Mock]:
    """Simulate the world for every client made inside; with the virtual clock, minutes pass in milliseconds.

    The same seed gives the same texts, tokens, delays and failures, in whatever order jobs run.
    """
    world = Mock(seed, profile, virtual=clock == "virtual")
    token = _CURRENT.set(world)
    try:
        yield world
    finally:
        _CURRENT.reset(token)


def current_mock() -> Mock | None:
    """Return the world of the innermost `with mock()`; None outside of any."""
    return _CURRENT.get()
