"""Jobs that are over and put away: found by all that a store finds jobs by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.store import IDEMPOTENCY_HOURS
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.entry import Entry
from aijobs_sdk.stores.idempotency import Key, key_of
from aijobs_sdk.stores.packed_jobs import unpack_log, unpack_record
from aijobs_sdk.stores.packing import from_bytes, microseconds, to_bytes

_HELD_MICROSECONDS = timedelta(hours=IDEMPOTENCY_HOURS) // timedelta(microseconds=1)
_FIND = "SELECT age, record, log FROM jobs JOIN contents USING (age) WHERE id = ?"
_UNDER_KEY = "SELECT record FROM jobs JOIN contents USING (age) WHERE key = ? ORDER BY age DESC"
_PURGE = """
DELETE FROM jobs WHERE completed_at < ? AND (key IS NULL OR completed_at <= ?)
AND (batch IS NULL OR batch NOT IN (SELECT id FROM batches))
"""


class JobsInAttic:
    """Finished jobs with their logs, in few bytes."""

    def __init__(self, attic: Attic) -> None:
        self._attic = attic
        self._deleted_batches: set[UUID] = set()
        """Jobs name them as before; nobody is told."""

    def put(self, entries: Sequence[Entry]) -> None:
        """Put finished jobs away.

        Raises:
            StoreUnavailableError: there is no room; all are as before.
        """
        with self._attic.one_step() as database:
            # Contents first: many are packed, and the columns will have their records unpacked.
            database.executemany("INSERT INTO contents VALUES (?, ?, ?)", map(_contents, entries))
            database.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_columns, entries))

    def find(self, job_id: UUID) -> Entry | None:
        """Return a copy of what was put away of a job."""
        for age, record, log in self._rows(_FIND, job_id.bytes):
            return Entry(self._record(record), age, unpack_log(from_bytes(log), job_id))
        return None

    def under_key(self, key: Key) -> JobRecord | None:
        """Return the newest job with an idempotency key."""
        records = (self._record(packed) for (packed,) in self._rows(_UNDER_KEY, hash(key)))
        return next((record for record in records if key_of(record.job) == key), None)

    def older_than(self, age: int, tenant_id: UUID, query: JobQuery, *, newer_than: int) -> list[tuple[int, Job]]:
        """Return jobs that are asked for, with their ages, newest first: one more than a page."""
        rows = self._page("SELECT age, record FROM jobs JOIN contents USING (age)", age, tenant_id, query, newer_than)
        return [(found, self._record(packed).job) for found, packed in rows]

    def ids_older_than(self, age: int, tenant_id: UUID, query: JobQuery, *, newer_than: int) -> list[tuple[int, UUID]]:
        """Return the ids of those jobs, with their ages."""
        rows = self._page("SELECT age, id FROM jobs", age, tenant_id, query, newer_than)
        return [(found, UUID(bytes=job_id)) for found, job_id in rows]

    def purge(self, *, finished_before: datetime, now: datetime) -> int:
        """Delete jobs that ended before, but for those that their key or their batch keeps."""
        if not self._attic.is_open:
            return 0
        with self._attic.one_step() as database:
            no_key_counts = microseconds(now) - _HELD_MICROSECONDS
            return database.execute(_PURGE, (microseconds(finished_before), no_key_counts)).rowcount

    def leave_batch(self, batch_id: UUID) -> None:
        """Let jobs of a batch name it no more."""
        if self._attic.is_open:
            self._deleted_batches.add(batch_id)

    def _page(self, select: str, age: int, tenant_id: UUID, query: JobQuery, newer_than: int) -> Iterable[sqlite3.Row]:
        if query.batch_id in self._deleted_batches:
            return ()
        where, values = _wanted(tenant_id, query)
        statement = f"{select} WHERE {where} AND age < ? AND age > ? ORDER BY age DESC LIMIT ?"
        return self._rows(statement, *values, age, newer_than, query.limit + 1)

    def _rows(self, statement: str, *values: bytes | str | int) -> Iterable[sqlite3.Row]:
        return self._attic.database.execute(statement, values) if self._attic.is_open else ()

    def _record(self, packed: bytes) -> JobRecord:
        record = unpack_record(from_bytes(packed))
        if record.job.batch_id not in self._deleted_batches:
            return record
        return record._replace(job=record.job.replace(batch_id=None))


def _columns(entry: Entry) -> tuple[object, ...]:
    job = entry.record.job
    key = key_of(job)
    return (
        entry.ordinal,
        job.id.bytes,
        job.tenant_id.bytes,
        _bytes(job.batch_id),
        _bytes(job.document_id),
        job.type,
        job.status.value,
        None if key is None else hash(key),
        None if job.completed_at is None else microseconds(job.completed_at),
    )


def _contents(entry: Entry) -> tuple[int, bytes, bytes]:
    record, log = entry.packed()
    return entry.ordinal, to_bytes(record), to_bytes(log)


def _wanted(tenant_id: UUID, query: JobQuery) -> tuple[str, list[bytes | str]]:
    """Return the conditions of a query, and their values."""
    of_batch = query.batch_id is not None
    conditions = {
        # A unary plus keeps an index from being used: a batch's own is the better one.
        "+tenant = ?" if of_batch else "tenant = ?": tenant_id.bytes,
        "batch = ?": _bytes(query.batch_id),
        "document = ?": _bytes(query.document_id),
        "type = ?": query.type,
        "status = ?": None if query.status is None else query.status.value,
    }
    said = {condition: value for condition, value in conditions.items() if value is not None}
    return " AND ".join(said), list(said.values())


def _bytes(one: UUID | None) -> bytes | None:
    return None if one is None else one.bytes
