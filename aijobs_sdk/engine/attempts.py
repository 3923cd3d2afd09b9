"""The attempts under way in one process: each is a task that runs a claimed job and writes down how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, KeysView
from functools import partial

from aijobs_sdk.contract.errors import LeaseLostError, StoreUnavailableError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.store import Claim, Done, Fail, Lease, Outcome
from aijobs_sdk.engine.attempt import outcome_of_closed, run_attempt
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.failure import not_kept
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.outage import Outages

log = logging.getLogger("aijobs.worker")


class Attempt:
    """A claimed job in this process's hands."""

    __slots__ = ("began_at", "context", "ending", "held_until", "is_held", "lease", "task")

    def __init__(self, claim: Claim, world: World, *, began_at: float) -> None:
        self.lease = claim.lease
        self.context = JobContext(claim, world)
        self.began_at = began_at
        self.held_until = began_at + world.limits.lease_seconds
        """Until then, by the loop's time, the store gives the job to nobody else."""
        self.is_held = True
        """Whether the job is this process's, as far as it knows."""
        self.ending = False
        """Whether the handler is through, and its outcome is being written down."""
        self.task: asyncio.Task[None]

    def interrupt(self) -> None:
        """Stop the handler at its next await."""
        # Soon, not now: a task that is cancelled before its first step could not give its job back.
        self.task.get_loop().call_soon(self._cancel_handler)

    def _cancel_handler(self) -> None:
        if not self.ending:
            self.context.interrupted = True
            self.task.cancel()


class Attempts:
    """The attempts whose jobs are this process's, and the tasks of those whose jobs are not any more.

    Args:
        world: what they touch.
        types: whose handlers they run.
        outages: how they get through one when they write down how they ended.
        room: is set whenever one of them leaves its place to another.
        is_ending: says whether their worker is being ended, as by the end of its loop.
    """

    def __init__(
        self,
        world: World,
        types: JobTypes,
        outages: Outages,
        *,
        room: asyncio.Event,
        is_ending: Callable[[], bool],
    ) -> None:
        self._world = world
        self._types = types
        self._outages = outages
        self._room = room
        self._is_ending = is_ending
        self._meter = world.meter
        self._held: dict[Lease, Attempt] = {}
        self._strays: list[asyncio.Task[None]] = []
        """Attempts whose lease is lost and whose handler has not ended: nobody waits for them or heeds them."""
        self.working = asyncio.Event()
        """Set while there is an attempt or a stray."""

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Attempt]:
        """Those there are now; they may leave meanwhile."""
        return iter(list(self._held.values()))

    @property
    def leases(self) -> KeysView[Lease]:
        """Of those there are, at whatever time one looks: who waits for work must not take a new one for lost."""
        return self._held.keys()

    def begin(self, claim: Claim, began_at: float) -> None:
        """Run a job that was claimed at that instant of the loop's time."""
        self._meter.started(claim.job, first=claim.lease.fence == 1)
        attempt = Attempt(claim, self._world, began_at=began_at)
        attempt.task = asyncio.get_running_loop().create_task(self._work(attempt))
        self._held[claim.lease] = attempt
        self.working.set()

    def forget(self, attempt: Attempt) -> None:
        """Hold it no more: whoever calls this sees to its job."""
        attempt.is_held = False
        del self._held[attempt.lease]
        self._meter.left(attempt.context.job)

    def drop(self, attempt: Attempt) -> None:
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

    async def reap(self) -> None:
        """End every attempt that nobody will end, anybody's; of those here only what is stuck is such."""
        held = dict(self._held)
        reaped = await self._world.store.reap(self.leases)
        self._meter.reaped(reaped)
        gone = {job.id for job in reaped}
        for lease, attempt in held.items():
            if lease.job_id in gone:
                self.drop(attempt)

    def cancel_strays(self) -> None:
        """Tell those again to stop that are still at it."""
        self._strays = [task for task in self._strays if not task.done()]
        for task in self._strays:
            task.cancel()
        self._rest()

    async def wait(self, seconds: float) -> None:
        """Return when those that there are now are through, or so much time is over."""
        if seconds and (tasks := [attempt.task for attempt in self]):
            await asyncio.wait(tasks, timeout=seconds)

    async def _work(self, attempt: Attempt) -> None:
        context = attempt.context
        try:
            try:
                outcome = await run_attempt(context, self._types, self._world, is_ending=self._is_ending)
            except GeneratorExit as error:  # of what the handler awaited: Python closed all that was in between
                outcome = outcome_of_closed(error, attempt.task, context, self._world)
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

    async def _finish(self, attempt: Attempt, outcome: Outcome) -> None:
        try:
            job = await self._world.store.finish(attempt.lease, outcome)
        except StoreUnavailableError:
            await self._finish_after_outage(attempt, outcome)
        except LeaseLostError:
            raise
        except Exception as error:
            if not isinstance(outcome, Done):
                raise
            # What a handler hands over can be anything, also what no check has foreseen and no store can keep.
            await self._finish(attempt, Fail(not_kept(error, attempt.context)))
        else:
            self._tell_of_the_end(attempt, outcome, job)

    async def _finish_after_outage(self, attempt: Attempt, outcome: Outcome) -> None:
        context, clock = attempt.context, asyncio.get_running_loop().time
        try:
            job = await self._outages.outlast(
                partial(self._world.store.finish, attempt.lease, outcome),
                worthwhile=lambda: clock() < attempt.held_until,
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

    def _tell_of_the_end(self, attempt: Attempt, outcome: Outcome, job: Job) -> None:
        seconds = asyncio.get_running_loop().time() - attempt.began_at
        self._meter.ended(job, outcome, region=attempt.context.region, seconds=seconds)
        if log.isEnabledFor(logging.INFO):
            which = (job.id, job.type, attempt.context.attempt)
            log.info("job %s type=%s attempt=%d seconds=%.2f: %s", *which, seconds, job.message)

    def _let_go(self, attempt: Attempt) -> None:
        self.forget(attempt)
        self._room.set()
        self._rest()

    def _rest(self) -> None:
        if not self._held and not self._strays:
            self.working.clear()
