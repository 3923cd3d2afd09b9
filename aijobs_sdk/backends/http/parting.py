"""Leaves a request that nobody waits for any more: its connection has to be put back, or taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LAST_SECONDS = 2.0
"""How long a request that was left may still take."""


class Parting:
    """The requests of one loop that were left while something came or went.

    httpcore loses a connection whose request is cancelled between two of its steps: it counts as used for ever, and
    with the last one nothing could be asked any more. So a request ends by itself, or is cancelled when it is silent.
    """

    def __init__(self) -> None:
        self._left: set[asyncio.Task[Any]] = set()

    async def wait_for(self, request: Coroutine[Any, Any, T]) -> T:
        """Return what a request comes to; whoever stops to wait for it is let go at once."""
        task = asyncio.create_task(request, name="aijobs-request")
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            self._leave(task)
            raise
        return task.result()

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._left.add(task)
        timer = asyncio.get_running_loop().call_later(LAST_SECONDS, task.cancel)
        task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is there to be told

    async def aclose(self) -> None:
        """Cancel what was left: the connections are closed next."""
        for task in self._left:
            task.cancel()
        await asyncio.gather(*self._left, return_exceptions=True)
