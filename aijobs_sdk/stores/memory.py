"""Jobs in this process's memory: nothing survives it, everything else is as in a durable store."""

from __future__ import annotations

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
from aijobs_sdk.stores.entry import Entry
from aijobs_sdk.stores.queue import Queue
from aijobs_sdk.stores.signal import Signal


class MemoryStore:
    """A store in dictionaries. Each method runs without an await in its middle, which makes it one atomic step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[UUID, Entry] = {}
        self._ages = itertools.count(1)
        self._of_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
        self._by_key: dict[tuple[UUID, str], UUID] = {}
        self._running: set[UUID] = set()
        self._queue = Queue()
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
        while self._queue.next_due(now := self._clock.now()) is None:
            await self._claimable.wait(self._queue.seconds_to_next(now))

    async def claim(self, worker_id: str, *, limit: int, lease_seconds: float) -> list[Claim]:
        """Take up to `limit` due jobs, by priority, then by age."""
        now = self._clock.now()
        claims: list[Claim] = []
        while len(claims) < limit and (entry := self._queue.next_due(now)) is not None:
            self._queue.pop()
            record = self._step(entry, Take(worker_id, lease_seconds))
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
        lost = [job_id for job_id in self._running if self._entries[job_id].record.expired(now)]
        for job_id in lost:
            entry = self._entries[job_id]
            self._step(entry, expire(entry.record))
        self._running.difference_update(lost)
        return lost

    async def get(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job as it stands."""
        return self._owned(tenant_id, job_id).record.job

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of this tenant's jobs, newest first."""
        ids = self._of_tenant[tenant_id]
        end = len(ids) if query.cursor is None else _read_cursor(query.cursor, len(ids))
        page: list[Job] = []
        for place in range(end - 1, -1, -1):
            job = self._entries[ids[place]].record.job
            if query.status not in {None, job.status} or query.type not in {None, job.type}:
                continue
            if len(page) == query.limit:
                return JobPage(jobs=tuple(page), next_cursor=str(place + 1))
            page.append(job)
        return JobPage(jobs=tuple(page))

    async def events(self, tenant_id: UUID, job_id: UUID, *, after: int, limit: int = 1000) -> list[JobEvent]:
        """Return up to `limit` events with `seq` > `after`."""
        start = max(after, 0)
        return self._owned(tenant_id, job_id).log[start : start + limit]

    async def wait_events(self, job_id: UUID, *, after: int) -> None:
        """Return as soon as the log holds an event with `seq` > `after`."""
        await self._entries[job_id].wait_longer_than(after)

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
            print_of_first = (
                self._entries[first_id].record.fingerprint if key in self._by_key else fresh[key].fingerprint
            )
            if print_of_first != new.fingerprint:
                raise IdempotencyConflictError(key[1], first_id)
        return insert

    def _repeat_of(self, new: NewJob) -> Job:
        return self._entries[self._by_key[new.job.tenant_id, new.job.idempotency_key or ""]].record.job

    def _insert(self, new: NewJob) -> Job:
        step = accept(new, self._clock.now())
        job = step.record.job
        entry = self._entries[job.id] = Entry(step.record, ordinal=next(self._ages))
        self._of_tenant[job.tenant_id].append(job.id)
        if (key := _idempotency(job)) is not None:
            self._by_key[key] = job.id
        return self._write(entry, step).job

    def _beat(self, lease: Lease, lease_seconds: float) -> Beat:
        entry = self._entries.get(lease.job_id)
        if entry is None or entry.record.fence != lease.fence or lease.job_id not in self._running:
            return Beat(lost=True, cancel_requested=False)
        record = self._step(entry, Extend(lease_seconds))
        return Beat(lost=False, cancel_requested=record.cancel_requested)

    def _owned(self, tenant_id: UUID, job_id: UUID) -> Entry:
        entry = self._entries.get(job_id)
        if entry is None or entry.record.job.tenant_id != tenant_id:
            raise JobNotFoundError(job_id)
        return entry

    def _held(self, lease: Lease) -> Entry:
        entry = self._entries[lease.job_id]
        check_lease(entry.record, lease)
        return entry

    def _step(self, entry: Entry, command: Command) -> JobRecord:
        return self._write(entry, advance(entry.record, command, self._clock.now()))

    def _write(self, entry: Entry, step: Step) -> JobRecord:
        """Keep the new record and its events together, then ring the bells."""
        entry.record = step.record
        if step.events:
            entry.log += step.events
            if entry.readers is not None:
                entry.readers.ring()
            if step.record.waiting:
                self._queue.push(entry)
                self._claimable.ring()
        return step.record

    def _keep(self, effects: Effects) -> None:
        for document in effects.documents:
            self._documents[document.id] = document
        for event in effects.lineage:
            self._lineage[event.document_id].append(event)
        for row in effects.usage:
            self._usage[row.tenant_id].append(row)


def _idempotency(job: Job) -> tuple[UUID, str] | None:
    return None if job.idempotency_key is None else (job.tenant_id, job.idempotency_key)


def _read_cursor(cursor: str, newest: int) -> int:
    if cursor.isdecimal() and int(cursor) <= newest:
        return int(cursor)
    problem = "is not a cursor of this list: pass `next_cursor` of the page before"
    raise InvalidRequestError(f"`cursor` {problem}.", fields=[FieldProblem(field="cursor", problem=problem)])
