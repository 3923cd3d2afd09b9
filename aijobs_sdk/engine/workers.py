"""The workers of one process: woken when there is work, they claim it, run it, and keep their leases alive."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from aijobs_sdk.contract.errors import LeaseLostError, StoreUnavailableError
from aijobs_sdk.contract.health import WorkersHealth
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.store import Beat, Claim, Created, Lease, Outcome, Release, Taker
from aijobs_sdk.engine.attempt import run_attempt
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.crash import place_of
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.outage import Outages
from aijobs_sdk.engine.retention import Retention
from aijobs_sdk.engine.scheduler import Scheduler

log = logging.getLogger("aijobs.worker")

LATE_SECONDS = 2.0
"""A heartbeat that comes later than this means that something blocked the loop."""
LAST_WORDS_SECONDS = 1.0
"""How long an attempt that was told to stop may take to do so while its worker waits for it."""


class _Attempt:
    """A claimed job in this worker's hands."""

    __slots__ = ("began_at", "context", "ending", "held_until", "is_held", "lease", "task")

    def __init__(self, claim: Claim, world: World, *, began_at: float) -> None:
        self.lease = claim.lease
        self.context = JobContext(claim, world)
        self.began_at = began_at
        self.held_until = began_at + world.limits.lease_seconds
        """Until then, by the loop's time, the store gives the job to nobody else."""
        self.is_held = True
        """Whether the job is this worker's, as far as it knows."""
        self.ending = False
        """Whether the handler is through, and its outcome is being written down."""
        self.task: asyncio.Task[None]

    def interrupt(self) -> None:
        """Stop the handler at its next await."""
        # Soon, not now: a task that is cancelled before its first step could not give its job back.
        self.task.get_loop().call_soon(self._cancel_handler)

    def _cancel_handler(self) -> None:
        if not self.ending:
            self.task.cancel()


class WorkerPool:
    """Runs claimed jobs on the loop it was started in. It never polls: the store wakes it."""

    def __init__(self, world: World, types: JobTypes, *, worker_id: str) -> None:
        self.worker_id = worker_id
        self._world = world
        self._types = types
        self._accepts = {one.name: one.max_running for one in types.values()}
        self._unlimited = frozenset(name for name, most in self._accepts.items() if most is None)
        self._attempts: dict[Lease, _Attempt] = {}
        self._strays: list[asyncio.Task[None]] = []
        """Attempts whose lease is lost and whose handler has not ended: nobody waits for them or heeds them."""
        self._meter = world.meter
        self._outages = Outages(world.clock, world.meter)
        self._places = 0
        """How many attempts may run here at the same time: none before the start, and none after the end."""
        self._kept = 0
        """How many of them are kept for jobs that are being made."""
        self._idle: asyncio.Timeout | None = None
        """While it waits for work because there is none: a new job is the next, and need not be looked for."""
        self._room = asyncio.Event()
        self._working = asyncio.Event()
        self._nudged = asyncio.Event()
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
        duties = [self._claim_jobs(), self._keep_leases(), Scheduler(self._world, self._types, self._outages).run()]
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
        self._nudged.set()

    async def until_broken(self) -> None:
        """Return only by raising what ended the claims or the heartbeats: a bug, as no outage ends them."""
        broken, _ = await asyncio.wait(self._duties, return_when=asyncio.FIRST_COMPLETED)
        for duty in broken:
            duty.result()

    def hurry(self) -> None:
        """Let a stop wait no longer for running attempts, but give them back."""
        self._hurried.set()

    async def stop(self) -> None:
        """Claim no more; let running attempts end within the grace period; give back the rest."""
        claiming, keeping, *others = self._duties
        for duty in others:
            duty.cancel()
        async with self._claiming:  # so that every job that was claimed has begun, and can be given back
            claiming.cancel()
        await self._wait_for_attempts_in_grace(self._world.limits.grace_seconds)
        if self._attempts:
            log.info("jobs given back: %d", len(self._attempts))
        for attempt in self._attempts.values():
            attempt.interrupt()
        await self._wait_for_attempts(LAST_WORDS_SECONDS)
        keeping.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        for attempt in self._attempts.values():
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
        for attempt in list(self._attempts.values()):
            self._forget(attempt)
            await self._give_back(attempt.lease)

    def _offer(self, places: int) -> None:
        self._meter.working(places - self._places)
        self._places = places

    def _stop_now(self) -> None:
        self._offer(0)
        for duty in self._duties:
            if not duty.cancelling():  # else it may be giving back already
                duty.cancel()
        for attempt in self._attempts.values():
            attempt.interrupt()

    def _note_end(self, duty: asyncio.Task[None]) -> None:
        self._is_whole = False
        _tell_of_a_bug(duty)

    async def _wait_for_attempts_in_grace(self, seconds: float) -> None:
        if not (seconds and self._attempts):
            return
        log.info("jobs under way: %d; they have %g s to end", len(self._attempts), seconds)
        either = [
            self._loop.create_task(self._wait_for_attempts(seconds)),
            self._loop.create_task(self._hurried.wait()),
        ]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for task in either:
            task.cancel()

    async def _wait_for_attempts(self, seconds: float) -> None:
        if seconds and (tasks := [attempt.task for attempt in self._attempts.values()]):
            await asyncio.wait(tasks, timeout=seconds)

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
        for attempt in [attempt for attempt in self._attempts.values() if attempt.task.done()]:
            self._forget(attempt)
            await self._give_back(attempt.lease)

    async def _wait_for_room(self) -> None:
        full_at = self._loop.time()
        await self._room.wait()
        self._meter.waited_for_room(self._loop.time() - full_at)

    async def _claim_some(self) -> None:
        limits = self._world.limits
        await self._wait_for_work()
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
                holding=self._attempts.keys(),
            )
            self._begin_all(claims, began_at)
        self._meter.claimed(len(claims), room=room)
        if self._free_places < 1:
            self._room.clear()

    async def _wait_for_work(self) -> None:
        try:
            with suppress(TimeoutError):  # somebody wants it to look again
                async with asyncio.timeout(None) as self._idle:
                    await self._world.store.wait_claimable(self._accepts, self._attempts.keys())
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
            self._begin(claim, began_at)

    def _begin(self, claim: Claim, began_at: float) -> None:
        self._meter.started(claim.job, first=claim.lease.fence == 1)
        attempt = _Attempt(claim, self._world, began_at=began_at)
        attempt.task = self._loop.create_task(self._work(attempt))
        self._attempts[claim.lease] = attempt
        self._working.set()

    async def _work(self, attempt: _Attempt) -> None:
        context = attempt.context
        try:
            outcome = await run_attempt(context, self._types, self._world)
            if attempt.is_held:
                attempt.ending = True
                await self._finish(attempt, outcome)
        except LeaseLostError:
            if attempt.is_held:
                self._meter.lost(context.job)
            log.warning("job %s had left this worker before attempt %d ended", context.job.id, context.attempt)
        finally:
            if attempt.is_held:
                self._let_go(attempt)

    async def _finish(self, attempt: _Attempt, outcome: Outcome) -> None:
        try:
            job = await self._world.store.finish(attempt.lease, outcome)
        except StoreUnavailableError:
            await self._finish_after_outage(attempt, outcome)
        else:
            self._tell_of_the_end(attempt, outcome, job)

    async def _finish_after_outage(self, attempt: _Attempt, outcome: Outcome) -> None:
        context = attempt.context
        try:
            job = await self._outages.outlast(
                partial(self._world.store.finish, attempt.lease, outcome),
                worthwhile=lambda: self._loop.time() < attempt.held_until,
            )
        except StoreUnavailableError:
            self._meter.lost(context.job)
            log.warning(
                "the lease on job %s ran out before the store was back; attempt %d is dropped",
                context.job.id,
                context.attempt,
            )
        else:
            self._tell_of_the_end(attempt, outcome, job)

    def _tell_of_the_end(self, attempt: _Attempt, outcome: Outcome, job: Job) -> None:
        seconds = self._loop.time() - attempt.began_at
        self._meter.ended(job, outcome, region=attempt.context.region, seconds=seconds)
        if log.isEnabledFor(logging.INFO):
            which = (job.id, job.type, attempt.context.attempt)
            log.info("job %s type=%s attempt=%d seconds=%.2f: %s", *which, seconds, job.message)

    def _forget(self, attempt: _Attempt) -> None:
        attempt.is_held = False
        del self._attempts[attempt.lease]
        self._meter.left(attempt.context.job)

    def _let_go(self, attempt: _Attempt) -> None:
        self._forget(attempt)
        self._room.set()
        if not self._attempts and not self._strays:
            self._working.clear()

    async def _keep_leases(self) -> None:
        while True:
            await self._working.wait()
            await self._until_next_beat()
            self._cancel_strays()
            await self._outages.outlast(self._beat)

    async def _until_next_beat(self) -> None:
        due_at = self._loop.time() + self._world.limits.heartbeat_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_at):
                await self._nudged.wait()
        self._nudged.clear()
        if (late_seconds := self._loop.time() - due_at) > LATE_SECONDS:
            self._tell_of_a_blocked_loop(late_seconds)

    def _tell_of_a_blocked_loop(self, seconds: float) -> None:
        types = sorted({attempt.context.job.type for attempt in self._attempts.values()})
        log.warning(
            "a handler blocked the event loop for at least %.1f s (running now: %s). Await what it waits for, "
            "or make it a plain function: that runs in a thread",
            seconds,
            ", ".join(types) or "none",
        )

    async def _beat(self) -> None:
        """Keep every lease; let go of the jobs that are no longer ours; stop those that are to be cancelled."""
        held = dict(self._attempts)
        held_until = self._loop.time() + self._world.limits.lease_seconds
        beats = await self._world.store.heartbeat(list(held), lease_seconds=self._world.limits.lease_seconds)
        for lease, beat in beats.items():
            self._heed(held[lease], beat, held_until)
        reaped = set(await self._world.store.reap(held.keys()))
        self._meter.reaped(len(reaped))
        for lease, attempt in held.items():
            if lease.job_id in reaped:
                self._drop(attempt)

    def _heed(self, attempt: _Attempt, beat: Beat, held_until: float) -> None:
        if beat.lost:
            self._drop(attempt)
            return
        attempt.held_until = held_until
        if beat.cancel_requested and not attempt.context.stopping:
            attempt.context.stopping = True
            attempt.interrupt()

    def _drop(self, attempt: _Attempt) -> None:
        """Free the place of an attempt that may write no more, even if its handler never ends."""
        if not attempt.is_held:
            return
        context = attempt.context
        self._meter.lost(context.job)
        log.warning("job %s has left this worker; attempt %d is dropped", context.job.id, context.attempt)
        context.stopping = True
        attempt.task.cancel()
        self._strays.append(attempt.task)
        self._let_go(attempt)

    def _cancel_strays(self) -> None:
        self._strays = [task for task in self._strays if not task.done()]
        for task in self._strays:
            task.cancel()
        if not self._attempts and not self._strays:
            self._working.clear()


def _tell_of_a_bug(duty: asyncio.Task[None]) -> None:
    """Say where a duty ended that never ends by itself."""
    if not duty.cancelled() and (error := duty.exception()) is not None:
        place = place_of(error)
        log.critical("a bug ended the workers of this process: %s. New ones start with the next call; report it", place)
