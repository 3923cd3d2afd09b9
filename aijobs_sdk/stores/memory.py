"""Jobs in this process's memory: nothing survives it, everything else is as in a durable store."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import IdempotencyConflictError, InvalidRequestError, JobNotFoundError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, JobPage, JobQuery, NewJob
from aijobs_sdk.contract.records import Document, Effects, LineageEvent, UsageRow
from aijobs_sdk.contract.store import Beat, Claim, Done, Lease, Outcome, Update
from aijobs_sdk.engine.lifecycle import (
    Command,
    Extend,
    JobRecord,
    Report,
    RequestCancel,
    Step,
    Take,
    accept,
    advance,
    check_lease,
    expire,
)
from aijobs_sdk.stores.signal import Signal


class MemoryStore:
    """A store in dictionaries. Each method runs without an await in its middle, which makes it one atomic step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[UUID, JobRecord] = {}
        self._logs: dict[UUID, list[JobEvent]] = {}
        self._ordinals: dict[UUID, int] = {}
        self._next_ordinal = itertools.count(1)
        self._of_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
        self._by_key: dict[tuple[UUID, str], UUID] = {}
        self._running: set[UUID] = set()
        self._queue = _Queue()
        self._readers: defaultdict[UUID, Signal] = defaultdict(Signal)
        self._claimable = Signal()
        self._documents: dict[UUID, Document] = {}
        self._lineage: defaultdict[UUID, list[LineageEvent]] = defaultdict(list)
        self._usage: defaultdict[UUID, list[UsageRow]] = defaultdict(list)

    async def create(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Insert all of them or none."""
        firsts = self._first_of_each_key(jobs)
        return [self._insert(new) if new.job.id in firsts else self._repeat_of(new) for new in jobs]

    async def wait_claimable(self) -> None:
        """Return as soon as a job is due."""
        while True:
            now = self._clock.now()
            self._queue.promote(now, self._records)
            if self._queue.has_due(self._records, now):
                return
            await self._claimable.wait(self._queue.seconds_to_next(now))

    async def claim(self, worker_id: str, *, limit: int, lease_seconds: float) -> list[Claim]:
        """Take up to `limit` due jobs, by priority, then by age."""
        now = self._clock.now()
        self._queue.promote(now, self._records)
        claims: list[Claim] = []
        while len(claims) < limit and self._queue.has_due(self._records, now):
            record = self._step(self._records[self._queue.pop()], Take(worker_id, lease_seconds))
            self._running.add(record.job.id)
            claims.append(Claim(record.job, record.lease, record.draw_key))
        return claims

    async def heartbeat(self, leases: Sequence[Lease], *, lease_seconds: float) -> Mapping[Lease, Beat]:
        """Extend the leases still held."""
        return {lease: self._beat(lease, lease_seconds) for lease in leases}

    async def append(self, lease: Lease, updates: Sequence[Update]) -> None:
        """Add events to the job's log."""
        self._step(self._held(lease), Report(tuple(updates)))

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        """End the attempt."""
        record = self._step(self._held(lease), outcome)
        if isinstance(outcome, Done):
            self._keep(outcome.effects)
        self._running.discard(lease.job_id)
        return record.job

    async def request_cancel(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Cancel a waiting job now; ask a running one to stop."""
        return self._step(self._owned(tenant_id, job_id), RequestCancel()).job

    async def reap(self) -> list[UUID]:
        """Retry or fail every running job whose lease has run out."""
        now = self._clock.now()
        lost = [record for job_id in self._running if (record := self._records[job_id]).expired(now)]
        for record in lost:
            self._step(record, expire(record))
            self._running.discard(record.job.id)
        return [record.job.id for record in lost]

    async def get(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job as it stands."""
        return self._owned(tenant_id, job_id).job

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of this tenant's jobs, newest first."""
        ids = self._of_tenant[tenant_id]
        end = len(ids) if query.cursor is None else _read_cursor(query.cursor, len(ids))
        page: list[Job] = []
        for place in range(end - 1, -1, -1):
            job = self._records[ids[place]].job
            if query.status not in {None, job.status} or query.type not in {None, job.type}:
                continue
            if len(page) == query.limit:
                return JobPage(jobs=tuple(page), next_cursor=str(place + 1))
            page.append(job)
        return JobPage(jobs=tuple(page))

    async def events(self, tenant_id: UUID, job_id: UUID, *, after: int, limit: int = 1000) -> list[JobEvent]:
        """Return up to `limit` events with `seq` > `after`."""
        self._owned(tenant_id, job_id)
        start = max(after, 0)
        return self._logs[job_id][start : start + limit]  # dense from 1, so `seq` is the place

    async def wait_events(self, job_id: UUID, *, after: int) -> None:
        """Return as soon as the log holds an event with `seq` > `after`."""
        if len(self._logs[job_id]) > after:
            return
        signal = self._readers[job_id]
        try:
            await signal.wait()
        finally:
            if signal.deserted:
                self._readers.pop(job_id, None)

    async def document(self, tenant_id: UUID, document_id: UUID) -> Document | None:
        """Return one document of this tenant."""
        document = self._documents.get(document_id)
        return document if document is not None and document.tenant_id == tenant_id else None

    async def lineage(self, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
        """Return the document's history, oldest first."""
        return [event for event in self._lineage.get(document_id, ()) if event.tenant_id == tenant_id]

    async def usage(self, tenant_id: UUID, *, since: datetime, until: datetime) -> Sequence[UsageRow]:
        """Return this tenant's usage in a span of time, oldest first."""
        return [row for row in self._usage.get(tenant_id, ()) if since <= row.created_at < until]

    def _first_of_each_key(self, jobs: Sequence[NewJob]) -> set[UUID]:
        """Return the ids to insert; the others repeat an idempotency key, rightly or in conflict."""
        fresh: dict[tuple[UUID, str], NewJob] = {}
        insert: set[UUID] = set()
        for new in jobs:
            key = _idempotency(new.job)
            if key is None or (key not in self._by_key and key not in fresh):
                insert.add(new.job.id)
                if key is not None:
                    fresh[key] = new
                continue
            first_id = self._by_key.get(key) or fresh[key].job.id
            print_of_first = self._records[first_id].fingerprint if key in self._by_key else fresh[key].fingerprint
            if print_of_first != new.fingerprint:
                raise IdempotencyConflictError(key[1], first_id)
        return insert

    def _repeat_of(self, new: NewJob) -> Job:
        return self._records[self._by_key[new.job.tenant_id, new.job.idempotency_key or ""]].job

    def _insert(self, new: NewJob) -> Job:
        step = accept(new, self._clock.now())
        job = step.record.job
        self._ordinals[job.id] = next(self._next_ordinal)
        self._logs[job.id] = []
        self._of_tenant[job.tenant_id].append(job.id)
        if (key := _idempotency(job)) is not None:
            self._by_key[key] = job.id
        return self._write(step).job

    def _beat(self, lease: Lease, lease_seconds: float) -> Beat:
        record = self._records.get(lease.job_id)
        if record is None or record.fence != lease.fence or lease.job_id not in self._running:
            return Beat(lost=True, cancel_requested=False)
        self._step(record, Extend(lease_seconds))
        return Beat(lost=False, cancel_requested=record.cancel_requested)

    def _owned(self, tenant_id: UUID, job_id: UUID) -> JobRecord:
        record = self._records.get(job_id)
        if record is None or record.job.tenant_id != tenant_id:
            raise JobNotFoundError(job_id)
        return record

    def _held(self, lease: Lease) -> JobRecord:
        record = self._records[lease.job_id]
        check_lease(record, lease)
        return record

    def _step(self, record: JobRecord, command: Command) -> JobRecord:
        return self._write(advance(record, command, self._clock.now()))

    def _write(self, step: Step) -> JobRecord:
        """Keep the new record and its events together, then ring the bells."""
        record = step.record
        job_id = record.job.id
        self._records[job_id] = record
        if step.events:
            self._logs[job_id] += step.events
            if job_id in self._readers:
                self._readers[job_id].ring()
            if record.waiting and job_id not in self._queue:
                self._queue.push(record, self._ordinals[job_id])
                self._claimable.ring()
        return record

    def _keep(self, effects: Effects) -> None:
        for document in effects.documents:
            self._documents[document.id] = document
        for event in effects.lineage:
            self._lineage[event.document_id].append(event)
        for row in effects.usage:
            self._usage[row.tenant_id].append(row)


class _Queue:
    """Waiting jobs: those that are due by priority and age, the others by the instant they fall due.

    A cancelled job stays in its heap until it comes to the top, and is skipped there.
    """

    def __init__(self) -> None:
        self._due: list[tuple[int, int, UUID]] = []
        self._later: list[tuple[datetime, int, UUID]] = []
        self._inside: set[UUID] = set()

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._inside

    def push(self, record: JobRecord, ordinal: int) -> None:
        """Add a job, due at its `run_at`."""
        self._inside.add(record.job.id)
        heapq.heappush(self._later, (record.run_at, ordinal, record.job.id))

    def promote(self, now: datetime, records: Mapping[UUID, JobRecord]) -> None:
        """Move what has fallen due."""
        while self._later and self._later[0][0] <= now:
            _, ordinal, job_id = heapq.heappop(self._later)
            heapq.heappush(self._due, (records[job_id].job.priority.rank, ordinal, job_id))

    def has_due(self, records: Mapping[UUID, JobRecord], now: datetime) -> bool:
        """Return whether `pop()` has a job that can be claimed now."""
        while self._due and not records[self._due[0][2]].claimable(now):
            self.pop()
        return bool(self._due)

    def pop(self) -> UUID:
        """Take the first of those that are due."""
        job_id = heapq.heappop(self._due)[2]
        self._inside.discard(job_id)
        return job_id

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return how long until the next job falls due; None when none will."""
        return max(0.0, (self._later[0][0] - now).total_seconds()) if self._later else None


def _idempotency(job: Job) -> tuple[UUID, str] | None:
    return None if job.idempotency_key is None else (job.tenant_id, job.idempotency_key)


def _read_cursor(cursor: str, newest: int) -> int:
    if cursor.isdecimal() and int(cursor) <= newest:
        return int(cursor)
    problem = "is not a cursor of this list: pass `next_cursor` of the page before"
    raise InvalidRequestError(f"`cursor` {problem}.", fields=[FieldProblem(field="cursor", problem=problem)])
