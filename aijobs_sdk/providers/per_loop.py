"""Keeps one of a thing for each event loop that works with it: connections belong to the loop that opened them."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

from aijobs_sdk.providers.to_its_end import to_its_end

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
            self._forget_ended()
            kept = self._kept.setdefault(loop, {})[key] = _Kept(self._open(key), self._close, owner=self)
        return kept.thing

    async def aclose(self) -> None:
        """Close those of the running loop, whatever happens meanwhile; the next call opens new ones."""
        if kept := self._kept.pop(asyncio.get_running_loop(), None):
            await to_its_end(_close_each(kept.values()))

    def _forget_ended(self) -> None:
        for loop in list(self._kept):  # at once: loops of other threads come and go
            if loop.is_closed():
                for kept in self._kept.pop(loop, {}).values():
                    kept.forget()


class _Kept(Generic[T]):
    def __init__(self, thing: T, close: Callable[[T], Awaitable[object]], *, owner: object) -> None:
        self.thing = thing
        keeping = asyncio.create_task(_keep(thing, close), name="aijobs-keep-connections")
        self._keeping = keeping
        # When nobody can ask for the thing any more it is closed; until then this keeps the task from being collected.
        self._end_with_owner = weakref.finalize(owner, _cancel_soon, keeping, keeping.get_loop())
        self._end_with_owner.atexit = False

    async def aclose(self) -> None:
        self.forget()
        await asyncio.sleep(0)  # a task that is cancelled before it has begun closes nothing
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping

    def forget(self) -> None:
        self._end_with_owner.detach()


async def _close_each(kept: Iterable[_Kept[T]]) -> None:
    for one in kept:
        await one.aclose()


async def _keep(thing: T, close: Callable[[T], Awaitable[object]]) -> None:
    # `asyncio.run` cancels what is left when it ends: the last chance to close what nobody closed.
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await close(thing)


def _cancel_soon(task: asyncio.Task[None], loop: asyncio.AbstractEventLoop) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the task with it
        loop.call_soon_threadsafe(task.cancel)
