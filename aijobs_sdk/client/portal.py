"""The bridge from code that blocks to the one async client: a loop in a daemon thread of our own.

anyio's `start_blocking_portal()` runs in a thread that is no daemon: a script that forgets `close()` would
never end. And `portal.call()` leaves its coroutine running when the caller is interrupted.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar, runtime_checkable

import anyio
from anyio.from_thread import BlockingPortal

T = TypeVar("T")


@runtime_checkable
class TimeIsHeld(Protocol):
    """A loop on virtual time, which passes only while somebody waits."""

    def hold(self) -> AbstractContextManager[None]:
        """Let time pass while this is entered."""
        ...


class Portal:
    """Runs coroutines on its own loop, started with the first call and again after a fork."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_loop = new_loop
        self._starting = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        self._pid = 0

    def call(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:  # noqa: ANN401 - passed on as they are
        """Run to the end and return; an interrupt ends the waiting and the coroutine with it."""
        with self.time_may_pass():
            future = self.start(function, *args)
            try:
                return future.result()
            except BaseException:
                future.cancel()
                raise

    def start(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> Future[T]:  # noqa: ANN401
        """Run in the background; cancelling the future cancels the coroutine."""
        return self._running().start_task_soon(function, *args)

    def iterate(self, items: AsyncGenerator[T]) -> Iterator[T]:
        """Yield an async generator's items; leaving the loop early closes it."""
        try:
            while True:
                found = self.call(_next, items)
                if found is None:
                    return
                yield found[0]
        finally:
            self.call(items.aclose)

    def close(self) -> None:
        """End the loop and its thread; the next call would start them anew."""
        with self._starting:
            portal, self._portal = self._portal, None
            if portal is not None and self._pid == os.getpid():
                portal.start_task_soon(portal.stop)

    def time_may_pass(self) -> AbstractContextManager[None]:
        """Mark that somebody waits: virtual time stands still otherwise."""
        self._running()
        return self._waiting()

    def _running(self) -> BlockingPortal:
        with self._starting:
            # The thread of a parent process does not exist in its forked child.
            if self._portal is None or self._pid != os.getpid():
                self._portal = self._start_thread()
                self._pid = os.getpid()
            return self._portal

    def _start_thread(self) -> BlockingPortal:
        started: Future[BlockingPortal] = Future()
        thread = threading.Thread(target=self._serve_in_thread, args=(started,), name="aijobs", daemon=True)
        thread.start()
        return started.result()

    def _serve_in_thread(self, started: Future[BlockingPortal]) -> None:
        loop = self._new_loop()
        self._waiting = loop.hold if isinstance(loop, TimeIsHeld) else nullcontext
        anyio.run(_serve, started, backend="asyncio", backend_options={"loop_factory": lambda: loop})


async def _serve(started: Future[BlockingPortal]) -> None:
    async with BlockingPortal() as portal:
        started.set_result(portal)
        await portal.sleep_until_stopped()


async def _next(items: AsyncGenerator[T]) -> tuple[T] | None:
    try:
        return (await anext(items),)
    except StopAsyncIteration:  # cannot cross a Future
        return None
