"""The workers of this process: they start with the first call that needs them, on the loop of whoever calls."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from uuid import uuid4

from aijobs_sdk.backends.local_waits import LocalWaits
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.store import Created, Taker
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.workers import WorkerPool


class LocalWorkers:
    """Whoever empties the store from here; with a concurrency of 0 nobody does, and other processes empty it.

    When the loop they live on has ended, the next call starts new ones, and what the old ones held goes back to
    pending. While it runs, no other loop may have them. A forked child gets workers of its own; its parent's work on in
    the parent.
    """

    def __init__(self, world: World, types: JobTypes) -> None:
        self._world = world
        self._types = types
        self.pool: WorkerPool | None = None
        """Those at work; None before the first call, and where there are to be none."""
        self.waits = LocalWaits()
        """Who waits for what becomes of jobs."""
        self._replacing = threading.Lock()

    async def ensure(self) -> None:
        """Return when there are workers on this loop.

        Raises:
            ConfigurationError: they work on another that runs.
        """
        if not self._world.limits.concurrency or (self.pool is not None and self.pool.works_here()):
            return
        self._world.clock.now()  # a clock that tells this loop no time refuses here, before workers are lost to it
        with self._replacing:
            _refuse_those_of_another_loop(self.pool)
            left_behind = self.pool
            self.pool = WorkerPool(self._world, self._types, worker_id=f"local-{os.getpid()}-{uuid4().hex[:8]}")
            self.pool.start()
        # And, until then, what keeps the pool's tasks from being collected.
        weakref.finalize(self, self.pool.stop_soon)
        if left_behind is not None:
            await left_behind.abandon()

    async def take_in(self, jobs: int, create: Callable[[Taker | None], Awaitable[Created]]) -> Created:
        """Have that many jobs created, and begin with those that there is room for."""
        return await (create(None) if self.pool is None else self.pool.take_in(jobs, create))

    def nudge(self) -> None:
        """Look at once for what was asked of running jobs."""
        if self.pool is not None:
            self.pool.nudge()

    async def stop(self) -> None:
        """Give back what is under way, and tell whoever waits for it; the next call starts new workers.

        Raises:
            ConfigurationError: they work on another loop that runs.
        """
        _refuse_those_of_another_loop(self.pool)
        pool, self.pool = self.pool, None
        if pool is not None:
            await (pool.stop() if pool.works_here() else pool.abandon())
        self.waits.end()


def _refuse_those_of_another_loop(pool: WorkerPool | None) -> None:
    if pool is not None and pool.works_elsewhere():
        raise ConfigurationError(
            "This AsyncClient is in use on another running loop: make one for each loop, or use `aijobs.Client`, which "
            "all threads may share."
        )
