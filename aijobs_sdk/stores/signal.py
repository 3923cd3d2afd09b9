"""A bell that any number of tasks may wait for, on whichever loop runs when they do."""

from __future__ import annotations

import asyncio

LOOK_SECONDS = 60.0
MOST_PARTS = 100


class Signal:
    """Wakes all who wait now; it remembers nothing, so look before you wait."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self, timeout_seconds: float | None = None) -> None:
        """Return at the next `ring()`, or after the time-out; of a long one, after a part: look again then.

        The wall clock may be set ahead meanwhile, and no timer runs on while a machine sleeps.
        """
        bell = asyncio.get_running_loop().create_future()
        self._waiting.add(bell)
        try:
            if timeout_seconds is None:
                await bell
                return
            async with asyncio.timeout(_part_of(timeout_seconds)):
                await bell
        except TimeoutError:
            return
        finally:
            self._waiting.discard(bell)

    def ring(self) -> None:
        """Wake everybody who waits."""
        for bell in self._waiting:
            if not bell.done():
                bell.set_result(None)
        self._waiting.clear()

    @property
    def is_crowded(self) -> bool:
        """Whether more than one waits."""
        return len(self._waiting) > 1

    @property
    def deserted(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting


def _part_of(seconds: float) -> float:
    """Return how long to wait before somebody looks at the clock: a minute, or a hundredth where that is longer."""
    return min(seconds, max(LOOK_SECONDS, seconds / MOST_PARTS))
