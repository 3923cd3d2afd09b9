"""The vendors' own clients over the simulation, in this process and in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import httpx2

from aijobs_sdk.simulation.mock import Mock

T = TypeVar("T")


class Stage(NamedTuple):
    """A simulated world, and clients that live in it."""

    sim: Mock

    def http(self, library: ModuleType = httpx2, **options: Any) -> Any:
        """Return an HTTP client whose network is the simulation."""
        return library.AsyncClient(transport=self.sim.transport(library), **options)

    def run(self, play: Callable[[], Awaitable[T]]) -> T:
        """Return what the coroutine returns, in virtual time."""

        async def main() -> T:
            return await play()

        with asyncio.Runner(loop_factory=self.sim.new_loop) as runner:
            return runner.run(main())


def a_stage(*, seed: int = 7, profile: str = "fast") -> Stage:
    """Return an empty stage."""
    return Stage(Mock(seed, profile, virtual=True))
