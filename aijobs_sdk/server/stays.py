"""Blocks that take their time, and can be left from outside: each of them, or all when the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Stays:
    """Holds the string by which each of them is pulled off its stage."""

    def __init__(self) -> None:
        self._present: set[asyncio.Timeout] = set()
        self.are_over = False
        """Whether `end_all()` was called: nobody stays any more."""

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[asyncio.Timeout]:
        """Run the block until its end; `end()` with what it is given, or one of those below, leaves it before.

        Raises:
            TimeoutError: the block was left.
        """
        async with asyncio.timeout(0 if self.are_over else None) as stay:
            self._present.add(stay)
            try:
                yield stay
            finally:
                self._present.discard(stay)

    def end_all(self) -> None:
        """Leave every block there is, and each that comes after, on the loop they run on."""
        self.are_over = True
        self.end_present()

    def end_present(self) -> None:
        """Leave every block there is, on the loop they run on; others may come."""
        for stay in list(self._present):
            end(stay)


def end(stay: asyncio.Timeout) -> None:
    """Leave the block that stays as long as this says."""
    if not stay.expired():
        stay.reschedule(asyncio.get_running_loop().time())
