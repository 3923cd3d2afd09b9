"""Keeps one of a thing for each event loop that works with it: connections belong to the loop that opened them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class PerLoop(Generic[K, T]):
    """One thing a key on each loop, opened when it is first asked for, and closed at the latest when its loop ends."""

    def __init__(self, open_: Callable[[K], T], close: Callable[[T], Awaitable[object]]) -> None:
        self._open = open_
        self._close = close
        self._kept: dict[asyncio.AbstractEventLoop, dict[K, _Kept[T]]] = {}

    def get(self, key: K) -> T:
        """Return the running loop's own."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(loop, {}).get(key)
        if kept is None:
            self._kept = {one: things for one, things in self._kept.items() if not one.is_closed()}
            kept = self._kept.setdefault(loop, {})[key] = _Kept(self._open(key), self._close)
        return kept.thing

    async def aclose(self) -> None:
        """Close those of the running loop; the next call opens new ones."""
        for kept in self._kept.pop(asyncio.get_running_loop(), {}).values():
            await kept.aclose()


class _Kept(Generic[T]):
    def __init__(self, thing: T, close: Callable[[T], Awaitable[object]]) -> None:
        self.thing = thing
        self._close = close
        self._keeping = asyncio.create_task(self._keep(), name="aijobs-keep-connections")

    async def _keep(self) -> None:
        # `asyncio.run` cancels what is left when it ends: the last chance to close what nobody closed.
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self._close(self.thing)

    async def aclose(self) -> None:
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping
