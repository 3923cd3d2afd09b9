"""The workers of one process: woken when there is work, they claim it, run it, and keep their leases alive."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import NamedTuple

from aijobs_sdk.contract.errors import LeaseLostError
from aijobs_sdk.contract.store import Claim, Lease, Release
from aijobs_sdk.engine.attempt import run_attempt
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.job_type import JobTypes

log = logging.getLogger("aijobs.worker")


class _Attempt(NamedTuple):
    context: JobContext
    task: asyncio.Task[None]


class WorkerPool:
    """Runs claimed jobs on the loop it was started in. It never polls: the store wakes it."""

    def __init__(self, world: World, types: JobTypes, *, worker_id: str) -> None:
        self.worker_id = worker_id
        self._world = world
        self._types = types
        self._attempts: dict[Lease, _Attempt] = {}
        self._room = asyncio.Event()
        self._working = asyncio.Event()
        self._nudged = asyncio.Event()
        self._duties: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to claim and run jobs on the running loop."""
        self._loop, self._pid = asyncio.get_running_loop(), os.getpid()
        self._room.set()
        self._duties = [self._loop.create_task(self._claim_jobs()), self._loop.create_task(self._keep_leases())]

    def works_here(self) -> bool:
        """Return True while the pool works in this process, on the running loop."""
        if self._pid != os.getpid() or self._loop is not asyncio.get_running_loop():
            return False
        claiming, keeping = self._duties
        return not (claiming.done() or keeping.done())

    def nudge(self) -> None:
        """Ask for a heartbeat now, so that a cancel need not wait for the next."""
        self._nudged.set()

    async def stop(self) -> None:
        """Claim no more; let running attempts end within the grace period; give back the rest."""
        await _end(self._duties)
        await asyncio.sleep(0)  # a task that is cancelled before its first step could not give its job back
        running = [attempt.task for attempt in self._attempts.values()]
        if running and self._world.limits.grace_seconds:
            await asyncio.wait(running, timeout=self._world.limits.grace_seconds)
        await _end(running)

    def stop_soon(self) -> None:
        """Stop from any thread and without waiting: what a backend does that nobody holds any more."""
        if self._pid == os.getpid():
            with suppress(RuntimeError):  # the loop is closed, or is being closed at this moment
                self._loop.call_soon_threadsafe(self._cancel_all)

    async def abandon(self) -> None:
        """Give back what this pool held when its loop ended or its process was left behind by a fork."""
        for lease in list(self._attempts):
            await self._give_back(lease)
        self._attempts.clear()

    def _cancel_all(self) -> None:
        for duty in self._duties:
            duty.cancel()
        for attempt in self._attempts.values():
            attempt.task.cancel()

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._world.store.finish(lease, Release())
        except LeaseLostError:
            log.debug("job %s had already left worker %s", lease.job_id, self.worker_id)

    async def _claim_jobs(self) -> None:
        limits = self._world.limits
        while True:
            await self._room.wait()
            await self._world.store.wait_claimable()
            for claim in await self._world.store.claim(
                self.worker_id,
                limit=limits.concurrency - len(self._attempts),
                lease_seconds=limits.lease_seconds,
                hard_limit_seconds=limits.hard_limit_seconds,
            ):
                self._begin(claim)
            if len(self._attempts) >= limits.concurrency:
                self._room.clear()

    def _begin(self, claim: Claim) -> None:
        context = JobContext(claim, self._world)
        task = self._loop.create_task(self._work(context, claim.lease))
        self._attempts[claim.lease] = _Attempt(context, task)
        self._working.set()

    async def _work(self, context: JobContext, lease: Lease) -> None:
        try:
            outcome = await run_attempt(context, self._types, self._world)
            await self._world.store.finish(lease, outcome)
        except LeaseLostError:
            log.warning("job %s passed to another worker; attempt %d is dropped", lease.job_id, context.attempt)
        finally:
            del self._attempts[lease]
            self._room.set()
            if not self._attempts:
                self._working.clear()

    async def _keep_leases(self) -> None:
        while True:
            await self._working.wait()
            await self._until_next_beat()
            await self._beat()
            await self._world.store.reap()

    async def _until_next_beat(self) -> None:
        try:
            async with asyncio.timeout(self._world.limits.heartbeat_seconds):
                await self._nudged.wait()
        except TimeoutError:
            return
        finally:
            self._nudged.clear()

    async def _beat(self) -> None:
        beats = await self._world.store.heartbeat(list(self._attempts), lease_seconds=self._world.limits.lease_seconds)
        for lease, beat in beats.items():
            attempt = self._attempts.get(lease)
            if attempt is not None and (beat.lost or beat.cancel_requested) and not attempt.context.stopping:
                attempt.context.stopping = True
                attempt.task.cancel()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
