"""The workers of one process: woken when there is work, they claim it, run it, and keep their leases alive."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

from aijobs_sdk.contract.errors import LeaseLostError, StoreUnavailableError
from aijobs_sdk.contract.health import WorkersHealth
from aijobs_sdk.contract.store import Claim, Created, Lease, Release, Taker
from aijobs_sdk.engine.attempts import Attempts
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.crash import place_of
from aijobs_sdk.engine.heartbeat import Heartbeat
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.outage import Outages
from aijobs_sdk.engine.retention import Retention
from aijobs_sdk.engine.scheduler import Scheduler

log = logging.getLogger("aijobs.worker")

LAST_WORDS_SECONDS = 1.0
"""How long an attempt that was told to stop may take to do so while its worker waits for it."""


class WorkerPool:
    """Runs claimed jobs on the loop it was started in. It never polls: the store wakes it."""

    def __init__(self, world: World, types: JobTypes, *, worker_id: str) -> None:
        self.worker_id = worker_id
        self._world = world
        self._types = types
        self._accepts = {one.name: one.max_running for one in types.values()}
        self._unlimited = frozenset(name for name, most in self._accepts.items() if most is None)
        self._meter = world.meter
        self._outages = Outages(world.clock, world.meter)
        self._room = asyncio.Event()
        self._attempts = Attempts(world, types, self._outages, room=self._room, is_ending=self._is_ending)
        self._heartbeat = Heartbeat(self._attempts, world, self._outages)
        self._places = 0
        """How many attempts may run here at the same time: none before the start, and none after the end."""
        self._kept = 0
        """How many of them are kept for jobs that are being made."""
        self._idle: asyncio.Timeout | None = None
        """While it waits for work because there is none: a new job is the next, and need not be looked for."""
        self._hurried = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._duties: list[asyncio.Task[None]] = []
        self._is_whole = True
        """Whether no duty has ended."""

    def start(self) -> None:
        """Begin to claim and run jobs on the running loop."""
        self._loop, self._pid = asyncio.get_running_loop(), os.getpid()
        self._room.set()
        self._offer(self._world.limits.concurrency)
        duties = [self._claim_jobs(), self._heartbeat.run(), Scheduler(self._world, self._types, self._outages).run()]
        if (keep_seconds := self._world.limits.keep_jobs_seconds) is not None:
            duties.append(Retention(self._world, self._outages, keep_seconds=keep_seconds).run())
        self._duties = [self._loop.create_task(duty) for duty in duties]
        for duty in self._duties:
            duty.add_done_callback(self._note_end)

    def works_here(self) -> bool:
        """Return True while the pool works in this process, on the running loop."""
        if self._pid != os.getpid() or self._loop is not asyncio.get_running_loop():
            return False
        return self._is_whole

    def works_elsewhere(self) -> bool:
        """Return True while the pool works in this process, on a loop that runs in another thread."""
        return self._pid == os.getpid() and self._loop is not asyncio.get_running_loop() and self._loop.is_running()

    def health(self) -> WorkersHealth:
        """Return what the pool does; ask where it works."""
        return WorkersHealth(running=self.works_here(), in_flight=len(self._attempts), concurrency=self._places)

    @property
    def store_away_since(self) -> datetime | None:
        """Since when the pool has been waiting for its store."""
        return self._outages.since

    async def take_in(self, jobs: int, create: Callable[[Taker | None], Awaitable[Created]]) -> Created:
        """Let so many jobs be made, and begin at once with those that have a place here and nobody before them."""
        limits = self._world.limits
        may_begin = self._idle is not None or limits.own_first
        places = min(jobs, self._free_places) if may_begin else 0
        if places < 1:
            return await create(None)
        taker = Taker(self.worker_id, self._unlimited, places, limits.lease_seconds, limits.hard_limit_seconds)
        began_at = self._loop.time()
        self._kept += places
        try:
            try:
                created = await create(taker)
            except StoreUnavailableError:
                self._look_again()  # it may have been done: then nobody will begin with what is ours
                raise
            if self._places:
                # In the very step in which the answer came: whoever is cancelled cannot lose it.
                self._begin_all(created.claims, began_at)
            else:  # it was stopped meanwhile
                for claim in created.claims:
                    await self._give_back(claim.lease)
            return created
        finally:
            self._kept -= places
            if self._free_places > 0:
                self._room.set()

    def nudge(self) -> None:
        """Ask for a heartbeat now, so that a cancel need not wait for the next."""
        self._heartbeat.nudge()

    async def until_broken(self) -> None:
        """Return only by raising what ended the claims or the heartbeats: a bug, as no outage ends them."""
        broken, _ = await asyncio.wait(self._duties, return_when=asyncio.FIRST_COMPLETED)
        for duty in broken:
            duty.result()

    def hurry(self) -> None:
        """Let a stop wait no longer for running attempts, but give them back."""
        self._hurried.set()

    async def stop(self) -> None:
        """Claim no more; let running attempts end within the grace period; give back the rest.

        Cut short, it gives back at once what is left, and waits for nothing.
        """
        try:
            await self._stop_in_grace()
        except asyncio.CancelledError:
            self._stop_now()
            raise

    async def _stop_in_grace(self) -> None:
        claiming, keeping, *others = self._duties
        for duty in others:
            duty.cancel()
        async with self._claiming:  # so that every job that was claimed has begun, and can be given back
            claiming.cancel()
        await self._wait_for_attempts_in_grace(self._world.limits.grace_seconds)
        if self._attempts:
            log.info("jobs given back: %d", len(self._attempts))
        for attempt in self._attempts:
            attempt.interrupt()
        await self._attempts.wait(LAST_WORDS_SECONDS)
        keeping.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        for attempt in self._attempts:
            attempt.task.cancel()
        await self.abandon()

    def stop_soon(self) -> None:
        """Stop from any thread and without waiting: what a backend does that nobody holds any more."""
        if self._pid == os.getpid():
            with suppress(RuntimeError):  # the loop is closed, or is being closed at this moment
                self._loop.call_soon_threadsafe(self._stop_now)

    async def abandon(self) -> None:
        """Give back what this pool still holds: its loop ended, or a handler does not end.

        In a forked child it holds nothing: the attempts go on in the parent.
        """
        if self._pid != os.getpid():
            return
        self._offer(0)
        for attempt in self._attempts:
            if attempt.is_held:  # else it has ended while another was given back
                self._attempts.forget(attempt)
                await self._give_back(attempt.lease)

    def _is_ending(self) -> bool:
        """Whether somebody cancels the duties: a loop that ends cancels them together with the attempts."""
        return any(duty.done() or duty.cancelling() for duty in self._duties)

    def _offer(self, places: int) -> None:
        self._meter.working(places - self._places)
        self._places = places

    def _stop_now(self) -> None:
        self._offer(0)
        for duty in self._duties:
            if not duty.cancelling():  # else it may be giving back already
                duty.cancel()
        for attempt in self._attempts:
            attempt.interrupt()

    def _note_end(self, duty: asyncio.Task[None]) -> None:
        self._is_whole = False
        _tell_of_a_bug(duty)

    async def _wait_for_attempts_in_grace(self, seconds: float) -> None:
        if not (seconds and self._attempts):
            return
        log.info("jobs under way: %d; they have %g s to end", len(self._attempts), seconds)
        either = [
            self._loop.create_task(self._attempts.wait(seconds)),
            self._loop.create_task(self._hurried.wait()),
        ]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in either:
                task.cancel()

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._world.store.finish(lease, Release())
        except LeaseLostError:
            log.debug("job %s had already left worker %s", lease.job_id, self.worker_id)
        except StoreUnavailableError:
            log.warning("job %s cannot be given back now: it runs again when its lease has run out", lease.job_id)

    async def _claim_jobs(self) -> None:
        try:
            while True:
                if not self._room.is_set():
                    await self._wait_for_room()
                await self._outages.outlast(self._claim_some)
        finally:
            await self._give_back_what_never_began()

    async def _give_back_what_never_began(self) -> None:
        """Give back what was claimed in the very moment in which the loop ended: its task took no step."""
        for attempt in [attempt for attempt in self._attempts if attempt.task.done()]:
            self._attempts.forget(attempt)
            await self._give_back(attempt.lease)

    async def _wait_for_room(self) -> None:
        full_at = self._loop.time()
        await self._room.wait()
        self._meter.waited_for_room(self._loop.time() - full_at)

    async def _claim_some(self) -> None:
        limits = self._world.limits
        if not await self._wait_for_work():
            await self._attempts.reap()
            return
        async with self._claiming:
            began_at, room = self._loop.time(), self._free_places
            if room < 1:
                self._room.clear()
                return
            claims = await self._world.store.claim(
                self.worker_id,
                self._accepts,
                limit=room,
                lease_seconds=limits.lease_seconds,
                hard_limit_seconds=limits.hard_limit_seconds,
            )
            self._begin_all(claims, began_at)
        self._meter.claimed(len(claims), room=room)
        if self._free_places < 1:
            self._room.clear()

    async def _wait_for_work(self) -> bool:
        """Return whether that is a job to claim, rather than one that was lost."""
        try:
            async with asyncio.timeout(None) as self._idle:
                return await self._world.store.wait_claimable(self._accepts, self._attempts.leases)
        except TimeoutError:  # somebody wants it to look again
            return True
        finally:
            self._idle = None

    def _look_again(self) -> None:
        if self._idle is not None:
            self._idle.reschedule(self._loop.time())

    @property
    def _free_places(self) -> int:
        return self._places - len(self._attempts) - self._kept

    def _begin_all(self, claims: Sequence[Claim], began_at: float) -> None:
        for claim in claims:
            self._attempts.begin(claim, began_at)


def _tell_of_a_bug(duty: asyncio.Task[None]) -> None:
    """Say where a duty ended that never ends by itself."""
    if not duty.cancelled() and (error := duty.exception()) is not None:
        place = place_of(error)
        log.critical("a bug ended the workers of this process: %s. New ones start with the next call; report it", place)
