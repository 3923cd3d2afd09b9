"""Frames on their way to one reader, from any number of writers: what is ready goes out together, and never much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_FULL_BYTES = 65_536
"""Nobody begins to write when so much waits for the reader."""


class Outbox:
    """Takes frames while there is room, so that a reader who is stuck costs one full box, and no more."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._size = 0
        self._closed = False
        self._turn = asyncio.Lock()
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self.put_at = asyncio.get_running_loop().time()
        """When the last frame was put in."""

    @asynccontextmanager
    async def room(self) -> AsyncIterator[Callable[[bytes], None]]:
        """Wait for room and one's turn; then as much can be put in as belongs together."""
        async with self._turn:
            while self._size >= _FULL_BYTES:
                self._room.clear()
                await self._room.wait()
            yield self.put

    def put(self, frame: bytes) -> None:
        """Put a frame in, whether there is room or not."""
        self._frames.append(frame)
        self._size += len(frame)
        self.put_at = asyncio.get_running_loop().time()
        self._news.set()

    def close(self) -> None:
        """Say that nothing more comes."""
        self._closed = True
        self._news.set()

    async def take(self) -> bytes | None:
        """Return all that is in the box, as soon as there is something; None when nothing more comes."""
        while not self._frames:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        taken = self._frames[0] if len(self._frames) == 1 else b"".join(self._frames)
        self._frames.clear()
        self._size = 0
        self._room.set()
        return taken
