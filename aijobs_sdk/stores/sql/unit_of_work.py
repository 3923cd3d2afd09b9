"""One transaction's work: it reads each job once, changes it in memory, and writes everything together at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import NewJob
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.engine.lifecycle import Command, JobRecord, Step, accept, advance
from aijobs_sdk.stores.idempotency import Holder, Key, key_of, still_counts
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.bulk import Bulk
from aijobs_sdk.stores.sql.rows import (
    Row,
    record_of_row,
    row_of_changes,
    row_of_dead_letter,
    row_of_effect,
    row_of_event,
    row_of_record,
)

_INSERT = {
    table: Bulk(insert(table).values({c.name: bindparam(c.name) for c in table.c if c.name != "ordinal"}))
    for table in schema.metadata.tables.values()
}
_CHANGED = [
    "state",
    "queue",
    "run_at",
    "progress",
    "message",
    "attempts",
    "result",
    "error",
    "errors",
    "task_id",
    "worker_id",
    "started_at",
    "completed_at",
    "fence",
    "lease_until",
    "overdue_at",
    "last_seq",
    "cancel_requested",
]
_UPDATE_JOB = Bulk(
    update(schema.jobs).where(schema.jobs.c.id == bindparam("job")).values({name: bindparam(name) for name in _CHANGED})
)
_JOBS_BY_ID = select(schema.jobs).where(schema.jobs.c.id.in_(bindparam("ids", expanding=True)))
_LOCKED_JOBS = _JOBS_BY_ID.order_by(schema.jobs.c.id).with_for_update()  # in one order, so that no two wait in a ring
_NEXT_DUE = (
    select(schema.jobs.c.id)
    .where(schema.DUE)
    .order_by(schema.jobs.c.priority, schema.jobs.c.ordinal)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_LOST = (
    select(schema.jobs.c.id)
    .where(
        schema.RUNNING,
        (schema.jobs.c.lease_until <= bindparam("now", type_=schema.jobs.c.lease_until.type))
        | (schema.jobs.c.overdue_at <= bindparam("now", type_=schema.jobs.c.overdue_at.type)),
    )
    .with_for_update(skip_locked=True)
)
_FALLEN_DUE = (
    update(schema.jobs)
    .where(schema.LATER, schema.jobs.c.run_at <= bindparam("now", type_=schema.jobs.c.run_at.type))
    .values(queue="due")
)
_OF_THE_KEY = (schema.idempotency_keys.c.tenant_id == bindparam("tenant")) & (
    schema.idempotency_keys.c.key == bindparam("word")
)
_POINT_KEY = Bulk(update(schema.idempotency_keys).where(_OF_THE_KEY).values(job_id=bindparam("holder")))
_NOBODY = UUID(int=0)
_FREE_KEY = Bulk(
    delete(schema.idempotency_keys).where(_OF_THE_KEY, schema.idempotency_keys.c.job_id == bindparam("nobody"))
)
_MARK_REPLAYED = Bulk(
    update(schema.dead_letters)
    .where(schema.dead_letters.c.job_id == bindparam("letter"), schema.dead_letters.c.tenant_id == bindparam("tenant"))
    .values(replayed_as=bindparam("replay"))
)


class UnitOfWork:
    """What the commands of one transaction see and change. Written by `flush()`, kept or lost with the transaction."""

    def __init__(
        self, connection: Connection, now: datetime, *, known: Mapping[UUID, JobRecord], again: bool = False
    ) -> None:
        self.now = now
        self.again = again
        """Whether a transaction with the same commands may have been committed without our knowing."""
        self.changed: dict[UUID, JobRecord] = {}
        """Every job this transaction touched, as it left it."""
        self.log: dict[UUID, list[JobEvent]] = {}
        """What it added to each job's log."""
        self._connection = connection
        self._known = known
        self._read: dict[UUID, JobRecord] = {}
        self._new: dict[UUID, JobRecord] = {}
        self._dirty: dict[UUID, None] = {}
        self._events: list[JobEvent] = []
        self._rows: dict[Table, list[Row]] = {}
        self._keys: dict[Key, UUID] = {}
        self._reserved: set[Key] = set()
        self._replays: list[Row] = []

    def read(self, ids: Collection[UUID]) -> None:
        """Read these jobs, and keep others from changing them, in one query."""
        if missing := [one for one in ids if one not in self._known and one not in self.changed]:
            for row in self._connection.execute(_LOCKED_JOBS, {"ids": missing}).mappings():
                self._read[row["id"]] = record_of_row(row)

    def job(self, job_id: UUID) -> JobRecord | None:
        """Return a job that was read or made here, as this transaction has it."""
        return self.changed.get(job_id) or self._read.get(job_id) or self._known.get(job_id)

    def held_keys(self, jobs: Sequence[NewJob]) -> dict[Key, Holder]:
        """Return who holds the keys of these jobs now; they stay so until the transaction ends."""
        wanted = sorted({key for new in jobs if (key := key_of(new.job)) is not None})
        holders = {key: self._take_or_read(key) for key in wanted}
        self.read([job_id for job_id in holders.values() if job_id is not None])
        records = {key: self.job(job_id) for key, job_id in holders.items() if job_id is not None}
        return {
            key: Holder(record.job.id, record.fingerprint)
            for key, record in records.items()
            if record is not None and still_counts(record.job, self.now)
        }

    def insert(self, new: NewJob) -> JobRecord:
        """Add a job."""
        step = accept(new, self.now)
        job = step.record.job
        self._new[job.id] = step.record
        if (key := key_of(job)) is not None:
            self._keys[key] = job.id
        if job.replay_of is not None:
            self._replays.append({"letter": job.replay_of, "tenant": job.tenant_id, "replay": job.id})
        return self._keep(step)

    def advance(self, record: JobRecord, command: Command) -> JobRecord:
        """Do to a job what the command says."""
        step = advance(record, command, self.now)
        job_id = record.job.id
        if job_id in self._new:
            self._new[job_id] = step.record
        else:
            self._dirty[job_id] = None
        if (letter := step.record.dead_letter()) is not None:
            self._add(schema.dead_letters, [row_of_dead_letter(letter)])
        return self._keep(step)

    def keep(self, effects: Effects) -> None:
        """Add what a job left behind."""
        self._add(schema.documents, map(row_of_effect, effects.documents))
        self._add(schema.lineage, map(row_of_effect, effects.lineage))
        self._add(schema.query_usage, map(row_of_effect, effects.usage))
        self._add(schema.images, map(row_of_effect, effects.images))

    def next_due(self, limit: int) -> list[JobRecord]:
        """Return the jobs to claim next, in order; nobody else gets them."""
        self.flush()
        self._connection.execute(_FALLEN_DUE, {"now": self.now})
        ids = self._connection.execute(_NEXT_DUE, {"limit": limit}).scalars().all()
        self.read(ids)
        return [record for job_id in ids if (record := self.job(job_id)) is not None]

    def lost(self) -> list[JobRecord]:
        """Return the running jobs that nobody will end."""
        self.flush()
        ids = self._connection.execute(_LOST, {"now": self.now}).scalars().all()
        self.read(ids)
        return [record for job_id in ids if (record := self.job(job_id)) is not None]

    def known_ids(self, ids: Iterable[UUID]) -> set[UUID]:
        """Return which of these jobs exist."""
        rows = self._connection.execute(_JOBS_BY_ID.with_only_columns(schema.jobs.c.id), {"ids": list(ids)})
        return set(rows.scalars())

    def flush(self) -> None:
        """Write what has gathered so far."""
        connection = self._connection
        _INSERT[schema.jobs].run(connection, [row_of_record(one, queue=self._queue(one)) for one in self._new.values()])
        _UPDATE_JOB.run(
            connection,
            [
                row_of_changes(one, queue=self._queue(one)) | {"job": job_id}
                for job_id in self._dirty
                if (one := self.changed[job_id])
            ],
        )
        _INSERT[schema.events].run(connection, [row_of_event(event) for event in self._events])
        for table, rows in self._rows.items():
            _INSERT[table].run(connection, rows)
        _POINT_KEY.run(connection, [_row_of_key(key) | {"holder": job_id} for key, job_id in self._keys.items()])
        _FREE_KEY.run(
            connection, [_row_of_key(key) | {"nobody": _NOBODY} for key in self._reserved - self._keys.keys()]
        )
        _MARK_REPLAYED.run(connection, self._replays)
        self._reserved.clear()
        for gathered in (self._new, self._dirty, self._events, self._rows, self._keys, self._replays):
            gathered.clear()

    def delete_dead_letters(self, tenant_id: UUID, failed_before: datetime) -> int:
        """Delete a tenant's dead letters of that age; return how many there were."""
        letters = schema.dead_letters.c
        old = (letters.tenant_id == tenant_id) & (letters.failed_at < failed_before)
        return self._connection.execute(delete(schema.dead_letters).where(old)).rowcount

    def delete_jobs(self, finished_before: datetime, *, keys_count_since: datetime, limit: int) -> int:
        """Delete some jobs that ended before, with logs and keys; return how many there were."""
        jobs = schema.jobs.c
        old = jobs.completed_at < finished_before
        keyless = jobs.idempotency_key.is_(None) | (jobs.completed_at <= keys_count_since)
        ids = self._connection.execute(select(jobs.id).where(old, keyless).limit(limit)).scalars().all()
        for table, column in (
            (schema.events, schema.events.c.job_id),
            (schema.idempotency_keys, schema.idempotency_keys.c.job_id),
            (schema.jobs, jobs.id),
        ):
            self._connection.execute(delete(table).where(column.in_(ids)))
        return len(ids)

    def _take_or_read(self, key: Key) -> UUID | None:
        """Return the job a key finds, None for a free one, and keep others from taking it."""
        if key in self._keys:
            return self._keys[key]
        tenant_id, word = key
        keys = schema.idempotency_keys
        # The row is made or locked in one statement: of two who want a new key, the second waits here for the first.
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        take = dialect.insert(keys).values(tenant_id=tenant_id, key=word, job_id=_NOBODY)
        taken = take.on_conflict_do_update(
            index_elements=[keys.c.tenant_id, keys.c.key], set_={"key": take.excluded.key}
        ).returning(keys.c.job_id)
        holder: UUID = self._connection.execute(taken).scalar_one()
        if holder != _NOBODY:
            return holder
        self._reserved.add(key)
        return None

    def _keep(self, step: Step) -> JobRecord:
        job_id = step.record.job.id
        self.changed[job_id] = step.record
        if step.events:
            self.log.setdefault(job_id, []).extend(step.events)
            self._events += step.events
        return step.record

    def _queue(self, record: JobRecord) -> str | None:
        if not record.waiting:
            return None
        return "due" if record.run_at <= self.now else "later"

    def _add(self, table: Table, rows: Iterable[Row]) -> None:
        self._rows.setdefault(table, []).extend(rows)


def _row_of_key(key: Key) -> Row:
    tenant_id, word = key
    return {"tenant": tenant_id, "word": word}
