"""Deletes jobs that ended long ago, where the operator says how long they are kept."""

from __future__ import annotations

import logging
from datetime import timedelta

from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.outage import Outages

log = logging.getLogger("aijobs.worker")

PURGE_SECONDS = 3600.0
"""How often a worker looks for what is old."""


class Retention:
    """One worker's share of the duty. Documents, usage and dead letters stay, whatever their job's age."""

    def __init__(self, world: World, outages: Outages, *, keep_seconds: float) -> None:
        self._world = world
        self._outages = outages
        self._keep = timedelta(seconds=keep_seconds)

    async def run(self) -> None:
        """Purge now and every hour, until it is cancelled."""
        while True:
            await self._outages.outlast(self._purge)
            await self._world.clock.sleep(PURGE_SECONDS)

    async def _purge(self) -> None:
        try:
            finished_before = self._world.clock.now() - self._keep
        except OverflowError:  # before the calendar begins
            return
        if purged := await self._world.store.purge_jobs(finished_before=finished_before):
            log.info("jobs deleted that ended more than %s ago: %d", self._keep, purged)
