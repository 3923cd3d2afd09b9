"""Submits the jobs of schedules, each when its time has come. Any number of workers may do so at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from aijobs_sdk.contract.errors import (
    AdmissionError,
    AIJobsError,
    IdempotencyConflictError,
    InvalidRequestError,
    UnreadableRecordError,
)
from aijobs_sdk.contract.job import Caller, NewJob
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.crash import place_of
from aijobs_sdk.engine.dispatch import admission_of, checked_jobs, get_ready, tell_of
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.outage import Outages
from aijobs_sdk.engine.schedule import next_run, request_of
from aijobs_sdk.engine.turns import Turns

log = logging.getLogger("aijobs.scheduler")

AGAIN_AFTER = timedelta(hours=1)
LONGEST_PAUSE_SECONDS = 60.0
"""Between two tries to submit what is not admitted, where nobody can say when it will be."""


class Scheduler:
    """One worker's share of the duty: it submits what is due, of the types it knows."""

    def __init__(self, world: World, types: JobTypes, outages: Outages) -> None:
        self._world = world
        self._types = types
        self._outages = outages
        self._admission = admission_of(world.limits, types)
        self._turns = Turns()

    async def run(self) -> None:
        """Submit what falls due, until it is cancelled."""
        while True:
            await self._outages.outlast(self._submit_due)

    async def _submit_due(self) -> None:
        store = self._world.store
        await store.wait_schedule(self._types)
        for schedule in await store.due_schedules(self._types):
            await self._submit(schedule)

    async def _submit(self, schedule: Schedule) -> None:
        """Submit a job and move the schedule on, in one step, which the first of several workers does."""
        now = self._world.clock.now()
        try:
            next_run_at = _next(schedule, now)
        except InvalidRequestError as refusal:  # of a zone, say, that this machine has no file of
            log.warning("schedule %r is looked at again in an hour: %s", schedule.name, refusal.message)
            await self._world.store.postpone_schedule(schedule, until=now + AGAIN_AFTER)
            return
        try:
            has_moved = await self._run(schedule, next_run_at)
        except AdmissionError as refusal:
            await self._postpone(schedule, refusal, now)
            return
        except (InvalidRequestError, IdempotencyConflictError, UnreadableRecordError) as refusal:
            # Its code only: the message may show the payload.
            log.warning("schedule %r came to no job: %s", schedule.name, refusal.code)
            has_moved = await self._world.store.move_schedule(schedule, next_run_at=next_run_at, job_id=None)
        if has_moved and schedule.waiting_since is not None:
            log.info("schedule %r waits no longer: it was due at %s", schedule.name, schedule.due_at)

    async def _postpone(self, schedule: Schedule, refusal: AdmissionError, now: datetime) -> None:
        """Try again when the refusal says, and ever more seldom where that is always soon: it may take days."""
        waited_seconds = min((now - schedule.due_at).total_seconds(), LONGEST_PAUSE_SECONDS)
        pause = timedelta(seconds=max(refusal.retry_after_seconds, waited_seconds))
        has_moved = await self._world.store.postpone_schedule(schedule, until=now + pause)
        if has_moved and schedule.waiting_since is None:
            log.warning("schedule %r waits, and is tried until it comes to a job: %s", schedule.name, refusal.message)

    async def _run(self, schedule: Schedule, next_run_at: datetime) -> bool:
        """Submit the job that this time comes to, if any; return whether that moved the schedule."""
        world = self._world
        new = await self._checked(schedule)
        if not new:
            return await world.store.move_schedule(schedule, next_run_at=next_run_at, job_id=None)
        created = await world.store.run_schedule(schedule, new[0], next_run_at=next_run_at, admission=self._admission)
        if created is not None:
            tell_of(new, created, world.meter)
        return created is not None

    async def _checked(self, schedule: Schedule) -> Sequence[NewJob]:
        """Return the job to submit; none where what checks its payload crashes."""
        world = self._world
        caller = Caller(tenant_id=schedule.tenant_id, user_id=schedule.user_id)
        try:
            request = request_of(schedule)
            await get_ready([request], self._types)
            return await checked_jobs([request], caller=caller, types=self._types, clock=world.clock, turns=self._turns)
        except AIJobsError:
            raise
        except Exception as error:  # noqa: BLE001 - a payload model is user code, and no worker may end because of it
            log.error("schedule %r came to no job: %s", schedule.name, place_of(error))  # noqa: TRY400 - it may show the payload
            return ()


def _next(schedule: Schedule, now: datetime) -> datetime:
    return next_run(schedule.cron, schedule.timezone, after=max(now, schedule.next_run_at))
