"""Getting through the times when the store is away."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.engine.meter import Meter

log = logging.getLogger("aijobs.worker")

T = TypeVar("T")

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class Outages:
    """The times when one worker's store is away. Each is logged once, however many of its duties wait for the end."""

    def __init__(self, clock: Clock, meter: Meter) -> None:
        self.since: datetime | None = None
        """When the store was found to be away; None while it is not."""
        self._clock = clock
        self._meter = meter

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
        if self.since is None:
            log.warning("the store is away, workers wait for it: %s", error.message)
            self.since = self._clock.now()
            self._meter.store_away()

    def _end(self) -> None:
        if self.since is not None:
            log.warning("the store is back")
            self._meter.store_back((self._clock.now() - self.since).total_seconds())
            self.since = None
