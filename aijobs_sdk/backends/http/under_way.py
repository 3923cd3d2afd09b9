"""What is asked at the moment over the connections of one loop: it is ended before they are closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aijobs_sdk.backends.http.refusal import closed


class UnderWay:
    """The calls that have no answer yet. A connection that one of them still opens is in no pool that was closed."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._stays: set[asyncio.Timeout] = set()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[None]:
        """Run the block as a call; `end_all()` leaves it.

        Raises:
            AIJobsError: it was left so.
        """
        stay = asyncio.timeout(None)
        try:
            async with stay:
                self._stays.add(stay)
                try:
                    yield
                finally:
                    self._stays.discard(stay)
                    self._left.set()
        except TimeoutError:
            if stay.expired():
                raise closed(self._server) from None
            raise

    async def end_all(self) -> None:
        """Let whoever asks know that nothing is answered any more, and return when they have left."""
        for stay in self._stays:
            if not stay.expired():
                stay.reschedule(asyncio.get_running_loop().time())
        while self._stays:
            self._left.clear()
            await self._left.wait()
