"""Getting through the times when the store is away."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import StoreUnavailableError

log = logging.getLogger("aijobs.worker")

T = TypeVar("T")

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class Outages:
    """The times when one worker's store is away. Each is logged once, however many of its duties wait for the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._away = False

    async def outlast(self, step: Callable[[], Awaitable[T]], *, worthwhile: Callable[[], bool] = lambda: True) -> T:
        """Return what the step returns; while the store is away, pause and do the step again.

        Raises:
            StoreUnavailableError: the store is away, and another try is no longer worthwhile.
        """
        pause_seconds = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                done = await step()
            except StoreUnavailableError as error:
                self._begin(error)
                if not worthwhile():
                    raise
            else:
                self._end()
                return done
            await self._clock.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    def _begin(self, error: StoreUnavailableError) -> None:
        if not self._away:
            log.warning("the store is away, workers wait for it: %s", error.message)
        self._away = True

    def _end(self) -> None:
        if self._away:
            log.warning("the store is back")
        self._away = False
