"""A store between which and its caller things go wrong, as planned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from typing import Any, cast

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.store import Store

DELAY_SECONDS = 40
"""Longer than a lease."""


class Fault(Enum):
    """What goes wrong with one call."""

    REFUSED = auto()
    """An error; nothing was done."""
    REPLY_LOST = auto()
    """It was done, and reported as timed out."""
    LATE = auto()
    """It was done late."""
    REPLY_LATE = auto()
    """It was done at once, and reported late."""
    CRASH = auto()
    """The caller's process ends before the call."""
    CRASH_AFTER = auto()
    """The caller's process ends as soon as it was done."""


Plan = Mapping[tuple[str, int], Fault]
"""By the name of a method, and which call of it, from 1."""


class Faults:
    """A plan, and how far it was followed: it outlives the processes that it crashes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._calls: dict[str, int] = {}

    def next_of(self, method: str) -> Fault | None:
        """Return what goes wrong with this call, if anything."""
        number = self._calls[method] = self._calls.get(method, 0) + 1
        return self._plan.get((method, number))


class FaultyStore:
    """Wraps a store for one process. After a crash every task of that process ends with its next call."""

    def __init__(self, inner: Store, faults: Faults) -> None:
        self.crashed = asyncio.Event()
        self._inner = inner
        self._faults = faults

    def as_store(self) -> Store:
        """Return itself, which has every method of a store."""
        return cast("Store", self)

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        call: Callable[..., Awaitable[Any]] = getattr(self._inner, method)

        async def faulty(*args: object, **options: object) -> Any:
            await self._before(fault := self._faults.next_of(method))
            done = await call(*args, **options)
            await self._after(fault)
            return done

        return faulty

    async def _before(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH:
            self.crashed.set()
        if fault is Fault.REFUSED:
            raise StoreUnavailableError("As planned: nothing was done.")
        if fault is Fault.LATE:
            await asyncio.sleep(DELAY_SECONDS)
        self._end_of_the_dead()

    async def _after(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH_AFTER:
            self.crashed.set()
        if fault is Fault.REPLY_LOST:
            raise StoreUnavailableError("As planned: it was done, which nobody knows.")
        if fault is Fault.REPLY_LATE:
            await asyncio.sleep(DELAY_SECONDS)
        self._end_of_the_dead()

    def _end_of_the_dead(self) -> None:
        if self.crashed.is_set():
            raise asyncio.CancelledError
