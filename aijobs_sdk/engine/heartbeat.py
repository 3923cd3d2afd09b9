"""How a process keeps the jobs it runs: it says that it is alive, and hears which are lost, and which are to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from aijobs_sdk.contract.store import Beat
from aijobs_sdk.engine.attempts import Attempt, Attempts
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.outage import Outages

log = logging.getLogger("aijobs.worker")

LATE_SECONDS = 2.0
"""A heartbeat that comes later than this means that something blocked the loop."""


class Heartbeat:
    """Beats while there are attempts, as often as the limits say."""

    def __init__(self, attempts: Attempts, world: World, outages: Outages) -> None:
        self._attempts = attempts
        self._store = world.store
        self._limits = world.limits
        self._outages = outages
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Beat now, so that a cancel need not wait for the next time."""
        self._nudged.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self._attempts.working.wait()
            await self._until_next_beat()
            self._attempts.cancel_strays()
            await self._outages.outlast(self._beat)

    async def _until_next_beat(self) -> None:
        clock = asyncio.get_running_loop().time
        due_at = clock() + self._limits.heartbeat_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_at):
                await self._nudged.wait()
        self._nudged.clear()
        if (late_seconds := clock() - due_at) > LATE_SECONDS:
            self._tell_of_a_blocked_loop(late_seconds)

    def _tell_of_a_blocked_loop(self, seconds: float) -> None:
        types = sorted({attempt.context.job.type for attempt in self._attempts})
        log.warning(
            "a handler blocked the event loop for at least %.1f s (running now: %s). Await what it waits for, "
            "or make it a plain function: that runs in a thread",
            seconds,
            ", ".join(types) or "none",
        )

    async def _beat(self) -> None:
        """Keep every lease; let go of the jobs that are no longer ours; stop those that are to be cancelled."""
        held = {attempt.lease: attempt for attempt in self._attempts}
        held_until = asyncio.get_running_loop().time() + self._limits.lease_seconds
        beats = await self._store.heartbeat(list(held), lease_seconds=self._limits.lease_seconds)
        for lease, beat in beats.items():
            self._heed(held[lease], beat, held_until)
        await self._attempts.reap()

    def _heed(self, attempt: Attempt, beat: Beat, held_until: float) -> None:
        if beat.lost:
            self._attempts.drop(attempt)
            return
        attempt.held_until = held_until
        if beat.cancel_requested and not attempt.context.stopping:
            attempt.context.stopping = True
            attempt.interrupt()
