"""Jobs in this process's memory: nothing survives it, everything else is as in a durable store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import JobNotFoundError, LeaseLostError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, NewJob
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import (
    NO_LIMITS,
    Accepts,
    Admission,
    Beat,
    Claim,
    Created,
    Done,
    Lease,
    Outcome,
    Release,
    Taker,
    Update,
)
from aijobs_sdk.engine.lease import check_lease, ended_so, expire
from aijobs_sdk.engine.lifecycle import Command, Extend, Report, RequestCancel, Take, accept, advance, take_at_once
from aijobs_sdk.engine.record import JobRecord, Step
from aijobs_sdk.stores.admission import check_active, full_at_after
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.entry import Entry
from aijobs_sdk.stores.idempotency import ids_under_keys, key_of
from aijobs_sdk.stores.memory_batches import BatchesInMemory
from aijobs_sdk.stores.memory_blocks import BlocksInMemory
from aijobs_sdk.stores.memory_jobs import AT_HAND, Jobs
from aijobs_sdk.stores.memory_keys import KeysInMemory
from aijobs_sdk.stores.memory_schedules import SchedulesInMemory
from aijobs_sdk.stores.queue import Queue
from aijobs_sdk.stores.running import NEVER, Running
from aijobs_sdk.stores.signal import Signal
from aijobs_sdk.stores.taking import taken_at_once


class MemoryStore(BlocksInMemory, SchedulesInMemory, KeysInMemory, BatchesInMemory):
    """A store in dictionaries. Each method runs without an await in its middle, which makes it one atomic step.

    It keeps the newest finished jobs at hand, and what they left behind; older ones are in a temporary file.
    """

    def __init__(self, clock: Clock, *, at_hand: int = AT_HAND) -> None:
        attic = Attic()
        BlocksInMemory.__init__(self, attic, at_hand)
        SchedulesInMemory.__init__(self, clock)
        KeysInMemory.__init__(self)
        BatchesInMemory.__init__(self, clock, attic)
        self._clock = clock
        self._jobs = Jobs(attic, at_hand)
        self._running = Running()
        self._active: Counter[UUID] = Counter()
        """Unfinished jobs, by tenant."""
        self._full_at: dict[tuple[UUID, str], datetime] = {}
        """When a tenant may submit a whole burst of a type again."""
        self._queue = Queue()
        self._claimable = Signal()
        self._pid = os.getpid()

    async def create(
        self, jobs: Sequence[NewJob], *, admission: Admission = NO_LIMITS, taker: Taker | None = None
    ) -> Created:
        """Insert all of them or none."""
        keys = (key for new in jobs if (key := key_of(new.job)) is not None)
        ids = ids_under_keys(jobs, self._jobs.held_keys(keys, self._clock.now()))
        made = [new for new, job_id in zip(jobs, ids, strict=True) if job_id == new.job.id]
        if admission is not NO_LIMITS:
            self._admit([new.job for new in made], admission)
        claims = self._insert(made, taker)
        accepted = {new.job.id: new.job for new in made}
        return Created([accepted.get(job_id) or self._kept(job_id).record.job for job_id in ids], claims)

    async def wait_claimable(self, accepts: Accepts, holding: Collection[Lease] = ()) -> bool:
        """Return as soon as a job is due, or its worker lost."""
        self._take_over_after_fork()
        while self._queue.next_due(self._running.open_types(accepts), now := self._clock.now()) is None:
            ends = self._running.ends(now)
            if any(entry.record.lease not in holding for entry in ends.past):
                return False
            await self._claimable.wait(self._seconds_to(ends.next_at, now))
        return True

    async def claim(
        self,
        worker_id: str,
        accepts: Accepts,
        *,
        limit: int,
        lease_seconds: float,
        hard_limit_seconds: float,
    ) -> list[Claim]:
        """Take up to `limit` due jobs, by priority, then by age."""
        now = self._clock.now()
        take = Take(worker_id, lease_seconds, hard_limit_seconds)
        types = self._running.open_types(accepts)
        claims: list[Claim] = []
        while len(claims) < limit and (entry := self._queue.next_due(types, now)) is not None:
            self._queue.pop(entry)
            record = self._write(entry, advance(entry.record, take, now), now)
            self._running.add(entry)
            claims.append(record.claim)
            if accepts[record.job.type] is not None:
                types = self._running.open_types(accepts)
        if claims:
            self._claimable.ring()  # who waits did not know of these leases
        return claims

    async def heartbeat(self, leases: Sequence[Lease], *, lease_seconds: float) -> Mapping[Lease, Beat]:
        """Extend the leases still held."""
        return {lease: self._beat(lease, lease_seconds) for lease in leases}

    async def append(self, lease: Lease, updates: Sequence[Update]) -> None:
        """Add events to the job's log."""
        self._step(self._held(lease), Report(updates))

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        """End the attempt."""
        before = self._jobs.find(lease.job_id)
        if before is not None and ended_so(before.record, lease, outcome):
            return before.record.job
        entry = self._held(lease)
        if isinstance(outcome, Done):
            self._check_new(outcome.effects)
        record = self._step(entry, outcome)
        if isinstance(outcome, Done):
            self._keep(outcome.effects)
        self._stop(entry)
        return record.job

    async def request_cancel(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Cancel a waiting job now; ask a running one to stop."""
        return self._step(self._owned(tenant_id, job_id), RequestCancel()).job

    async def reap(self, holding: Collection[Lease] = ()) -> list[Job]:
        """Retry or fail every running job that nobody will end."""
        now = self._clock.now()
        lost = self._running.lost(now, holding)
        for entry in lost:
            self._step(entry, expire(entry.record, now))
            self._stop(entry)
        return [entry.record.job for entry in lost]

    async def get(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job as it stands."""
        return self._owned(tenant_id, job_id).record.job

    async def ended(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job once it is over."""
        entry = self._owned(tenant_id, job_id)
        if not entry.record.state.is_final:
            await entry.wait_for_end()
        return entry.record.job

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of this tenant's jobs, newest first."""
        return self._jobs.page(tenant_id, query)

    async def list_ids(self, tenant_id: UUID, query: JobQuery) -> IdPage:
        """Return the ids of that page."""
        return self._jobs.id_page(tenant_id, query)

    async def events(self, tenant_id: UUID, job_id: UUID, *, after: int, limit: int = 1000) -> list[JobEvent]:
        """Return up to `limit` events with `seq` > `after`."""
        start = max(after, 0)
        return self._owned(tenant_id, job_id).log[start : start + limit]

    async def wait_events(self, job_id: UUID, *, after: int) -> None:
        """Return as soon as the log holds an event with `seq` > `after`."""
        await self._kept(job_id).wait_longer_than(after)

    async def purge_jobs(self, *, finished_before: datetime) -> int:
        """Delete jobs that ended before, with their logs."""
        return self._jobs.purge(finished_before=finished_before, now=self._clock.now(), batches=self._batch_ids())

    async def run_schedule(
        self, schedule: Schedule, new: NewJob, *, next_run_at: datetime, admission: Admission = NO_LIMITS
    ) -> Created | None:
        """Insert the job that a due schedule comes to, and note it."""
        if not self._is_as_it_was(schedule):
            return None
        created = await self.create([new], admission=admission)
        await self.move_schedule(schedule, next_run_at=next_run_at, job_id=created.jobs[0].id)
        return created

    async def try_writing(self) -> None:
        """There is always a dictionary to write to."""

    async def aclose(self) -> None:
        """Hold on to everything: there is nothing else that does."""

    def _leave_batch(self, batch_id: UUID) -> None:
        self._jobs.leave_batch(batch_id)

    def _stop(self, entry: Entry) -> None:
        """Note that a job runs no more; it may have stood in the way of others of its type."""
        self._running.remove(entry)
        if self._queue.has_due:
            self._claimable.ring()

    def _admit(self, jobs: Sequence[Job], admission: Admission) -> None:
        now = self._clock.now()
        check_active(jobs, admission, self._active)
        self._full_at |= full_at_after(jobs, admission, self._full_at, now)

    def _seconds_to(self, next_end: datetime, now: datetime) -> float | None:
        """Return how long until a job falls due or may have ended; None when neither will happen."""
        to_end = None if next_end == NEVER else (next_end - now).total_seconds()
        to_due = self._queue.seconds_to_next(now)
        return min((seconds for seconds in (to_end, to_due) if seconds is not None), default=None)

    def _take_over_after_fork(self) -> None:
        """Make every job claimable that ran in the parent: it ends there, but this copy of it only here."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        for entry in self._running:
            self._step(entry, Release())
            self._stop(entry)

    def _insert(self, new: Sequence[NewJob], taker: Taker | None) -> list[Claim]:
        """Add these jobs; return what the taker has of them."""
        now = self._clock.now()
        taken = taken_at_once(new, taker, now)
        claims: list[Claim] = []
        for one in new:
            entry = self._insert_one(one, taker if one.job.id in taken else None, now)
            if one.job.id in taken:
                self._running.add(entry)
                claims.append(entry.record.claim)
        if claims and self._claimable.is_crowded:
            self._claimable.ring()  # who waits beside the taker did not know of these leases
        return claims

    def _insert_one(self, new: NewJob, taker: Taker | None, now: datetime) -> Entry:
        step = accept(new, now) if taker is None else take_at_once(accept(new, now), taker, now)
        job = step.record.job
        entry = self._jobs.add(step.record)
        self._active[job.tenant_id] += 1
        if job.replay_of is not None:
            self._mark_replayed(job.replay_of, tenant_id=job.tenant_id, replay=job.id)
        self._write(entry, step, now)
        return entry

    def _beat(self, lease: Lease, lease_seconds: float) -> Beat:
        entry = self._jobs.unfinished(lease.job_id)
        if entry is None or entry.record.fence != lease.fence or entry not in self._running:
            return Beat(lost=True, cancel_requested=False)
        record = self._step(entry, Extend(lease_seconds))
        return Beat(lost=False, cancel_requested=record.cancel_requested)

    def _kept(self, job_id: UUID) -> Entry:
        entry = self._jobs.find(job_id)
        if entry is None:
            raise JobNotFoundError(job_id)
        return entry

    def _owned(self, tenant_id: UUID, job_id: UUID) -> Entry:
        entry = self._jobs.find(job_id)
        if entry is None or entry.record.job.tenant_id != tenant_id:
            raise JobNotFoundError(job_id)
        return entry

    def _held(self, lease: Lease) -> Entry:
        entry = self._jobs.unfinished(lease.job_id)
        if entry is None:
            raise LeaseLostError(lease.job_id)
        check_lease(entry.record, lease)
        return entry

    def _step(self, entry: Entry, command: Command) -> JobRecord:
        now = self._clock.now()
        return self._write(entry, advance(entry.record, command, now), now)

    def _write(self, entry: Entry, step: Step, now: datetime) -> JobRecord:
        """Keep the new record and its events together, then ring the bells."""
        ends = step.record.job.completed_at is not None and entry.record.job.completed_at is None
        entry.record = step.record
        if step.events:
            if (letter := step.record.dead_letter()) is not None:
                self._dead_letters[letter.job_id] = letter
            entry.log.extend(step.events)
            if entry.readers is not None:
                entry.readers.ring()
            if step.record.waiting:
                self._queue.push(entry, now)
                self._claimable.ring()
        if ends:
            entry.tell_of_end()
            self._active[step.record.job.tenant_id] -= 1
            self._jobs.end(entry)
        return step.record
