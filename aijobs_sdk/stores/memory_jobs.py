"""Every job of a memory store; the oldest of those that are over are put away, so that a million take no memory."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Protocol, TypeVar
from uuid import UUID

from aijobs_sdk.contract.events import TextDelta
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.attic_jobs import JobsInAttic
from aijobs_sdk.stores.backlog import Backlog
from aijobs_sdk.stores.by_age import ByAge
from aijobs_sdk.stores.entry import Entry
from aijobs_sdk.stores.idempotency import Holder, Key, key_of, still_counts
from aijobs_sdk.stores.pages import read_cursor

AT_HAND = 10_000
"""Finished jobs that stay in memory: most questions are about the newest."""
MOST_UNPACKED = 500
"""Of these, jobs with an answer: whoever waited for one has it soon, and what is kept as it was only slows garbage
collection, in pauses that grow with it."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Away(Protocol[T_co]):
    """What finds the jobs of a page among those that were put away, each with its age."""

    def __call__(self, age: int, tenant_id: UUID, query: JobQuery, *, newer_than: int) -> Iterable[tuple[int, T_co]]:
        """Return what is older than this age, and newer than that."""
        ...


class Jobs:
    """Jobs by their id, age and idempotency key."""

    def __init__(self, attic: Attic, at_hand: int) -> None:
        self._away = JobsInAttic(attic)
        self._newest = 0
        self._entries: dict[int, Entry] = {}
        """By `id.int`, here as elsewhere in the stores: a UUID's own hash is written in Python."""
        self._of_tenant: defaultdict[UUID, ByAge] = defaultdict(ByAge)
        self._of_batch: defaultdict[UUID, ByAge] = defaultdict(ByAge)
        self._by_key: dict[tuple[int, str], int] = {}
        """In numbers, of which garbage collection keeps no track."""
        self._finished = Backlog(at_hand, self._put_away)
        """Those at hand that are over."""
        self._unpacked: deque[Entry] = deque()
        self._most_unpacked = min(MOST_UNPACKED, at_hand)

    def add(self, record: JobRecord) -> Entry:
        """Add a new job."""
        self._newest += 1
        job = record.job
        entry = self._entries[job.id.int] = Entry(record, ordinal=self._newest)
        self._of_tenant[job.tenant_id].add(entry)
        if job.batch_id is not None:
            self._of_batch[job.batch_id].add(entry)
        if (key := key_of(job)) is not None:
            self._by_key[_in_numbers(key)] = job.id.int
        return entry

    def unfinished(self, job_id: UUID) -> Entry | None:
        """Return a job; one that is over may be missing."""
        return self._entries.get(job_id.int)

    def find(self, job_id: UUID) -> Entry | None:
        """Return a job; one that was put away as a copy, which is as good: it changes no more."""
        return self._entries.get(job_id.int) or self._away.find(job_id)

    def held_keys(self, keys: Iterable[Key], now: datetime) -> dict[Key, Holder]:
        """Return who holds these keys at this instant."""
        records = ((key, self._under_key(key)) for key in keys)
        return {
            key: Holder(record.job.id, record.fingerprint)
            for key, record in records
            if record is not None and still_counts(record.job, now)
        }

    def page(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of a tenant's jobs, newest first."""
        jobs, next_cursor = self._page(tenant_id, query, lambda job: job, self._away.older_than)
        return JobPage(jobs=jobs, next_cursor=next_cursor)

    def id_page(self, tenant_id: UUID, query: JobQuery) -> IdPage:
        """Return the ids of that page; of what was put away nothing is unpacked."""
        ids, next_cursor = self._page(tenant_id, query, lambda job: job.id, self._away.ids_older_than)
        return IdPage(ids=ids, next_cursor=next_cursor)

    def _page(
        self, tenant_id: UUID, query: JobQuery, shown: Callable[[Job], T], away: Away[T]
    ) -> tuple[tuple[T, ...], str | None]:
        """Return what is shown of the jobs of a page, and where the next one starts."""
        before = self._newest + 1 if query.cursor is None else read_cursor(query.cursor, newest=self._newest)
        at_hand = islice(self._asked_for(before, tenant_id, query), query.limit + 1)
        found = [(age, shown(job)) for age, job in at_hand]
        oldest = found[-1][0] if len(found) > query.limit else 0
        found += away(before, tenant_id, query, newer_than=oldest)
        found.sort(key=itemgetter(0), reverse=True)
        page = found[: query.limit]
        return tuple(one for _, one in page), str(page[-1][0]) if len(found) > query.limit else None

    def end(self, entry: Entry) -> None:
        """Note that a job is over; if there are too many such at hand, those that ended first are put away."""
        self._finished.add(entry)
        if any(type(event) is TextDelta for event in entry.log):
            self._unpacked.append(entry)
            if len(self._unpacked) > self._most_unpacked:
                self._unpacked.popleft().pack()

    def purge(self, *, finished_before: datetime, now: datetime, batches: Collection[UUID]) -> int:
        """Delete jobs that ended before, but for those that their key or one of these batches keeps."""
        old = {one for one in self._finished if _is_old(one.record.job, finished_before, now, batches)}
        self._finished.forget(old)
        self._take_out(old)
        return len(old) + self._away.purge(finished_before=finished_before, now=now)

    def leave_batch(self, batch_id: UUID) -> None:
        """Let the jobs of a batch name it no more."""
        for entry in self._of_batch.pop(batch_id, ByAge()).older_than(self._newest + 1):
            entry.record = entry.record._replace(job=entry.record.job.replace(batch_id=None))
        self._away.leave_batch(batch_id)

    def _under_key(self, key: Key) -> JobRecord | None:
        job_id = self._by_key.get(_in_numbers(key))
        return self._away.under_key(key) if job_id is None else self._entries[job_id].record

    def _asked_for(self, before: int, tenant_id: UUID, query: JobQuery) -> Iterator[tuple[int, Job]]:
        of_one = self._of_tenant.get(tenant_id) if query.batch_id is None else self._of_batch.get(query.batch_id)
        for entry in of_one.older_than(before) if of_one is not None else ():
            job = entry.record.job
            if job.tenant_id == tenant_id and _is_asked_for(job, query):
                yield entry.ordinal, job

    def _put_away(self, oldest: Sequence[Entry]) -> None:
        self._away.put(oldest)
        self._take_out(oldest)

    def _take_out(self, entries: Collection[Entry]) -> None:
        """Have these at hand no more."""
        for entry in entries:
            job = entry.record.job
            del self._entries[job.id.int]
            if (key := key_of(job)) is not None and self._by_key.get(_in_numbers(key)) == job.id.int:
                del self._by_key[_in_numbers(key)]
        _remove(entries, self._of_tenant, lambda job: job.tenant_id)
        _remove(entries, self._of_batch, lambda job: job.batch_id)


def _in_numbers(key: Key) -> tuple[int, str]:
    tenant_id, word = key
    return tenant_id.int, word


def _remove(entries: Iterable[Entry], shelves: dict[UUID, ByAge], owner: Callable[[Job], UUID | None]) -> None:
    """Take entries from the shelf of each one's owner, where it has one."""
    by_owner: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (found := owner(entry.record.job)) is not None:
            by_owner[found].append(entry)
    for one, gone in by_owner.items():
        shelves[one].remove(gone)
        if not shelves[one]:
            del shelves[one]


def _is_asked_for(job: Job, query: JobQuery) -> bool:
    return (
        query.status in {None, job.status}
        and query.type in {None, job.type}
        and (query.document_id is None or query.document_id == job.document_id)
    )


def _is_old(job: Job, finished_before: datetime, now: datetime, batches: Collection[UUID]) -> bool:
    ended_before = job.completed_at is not None and job.completed_at < finished_before
    return ended_before and not still_counts(job, now) and job.batch_id not in batches
