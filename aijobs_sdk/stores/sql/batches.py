"""Journals of batches in a database: what is asked of them, and the commands that change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, Hold
from aijobs_sdk.contract.errors import BatchNotFoundError
from aijobs_sdk.engine.batches import as_of, changed, held
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.batch_columns import (
    ITEM,
    ITEM_CHANGES,
    batch_of_row,
    columns_of_batch,
    item_of_row,
    item_row,
)
from aijobs_sdk.stores.sql.statements import replacing
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork
from aijobs_sdk.stores.sql.unreadable import readable

_batches, _rows, _jobs = schema.batches.c, schema.batch_rows.c, schema.jobs.c
_PUT_ROWS = replacing(schema.batch_rows, ITEM, changed=ITEM_CHANGES)


def batch(connection: Connection, tenant_id: UUID, name: str) -> BatchRecord | None:
    """Return a tenant's batch of this name."""
    if "\x00" in name:
        return None  # PostgreSQL refuses even to look for it
    named = select(schema.batches).where(_batches.tenant_id == tenant_id, _batches.name == name)
    row = connection.execute(named).mappings().one_or_none()
    return None if row is None else batch_of_row(row)


def batches(connection: Connection, tenant_id: UUID) -> Sequence[BatchRecord]:
    """Return a tenant's batches, the newest first."""
    theirs = select(schema.batches).where(_batches.tenant_id == tenant_id).order_by(_batches.ordinal.desc())
    return list(readable(connection.execute(theirs).mappings(), batch_of_row))


def batch_rows(connection: Connection, tenant_id: UUID, batch_id: UUID, start: int, limit: int) -> Sequence[BatchItem]:
    """Return rows of a batch from one index on, in their order."""
    theirs = (_rows.batch_id == batch_id) & (_rows.tenant_id == tenant_id)
    # Most batches have a row at each index. Asked without an end, PostgreSQL may sort all there are to return a few.
    end = start + max(limit, 0)
    found = _items(connection, theirs & (_rows.place >= start) & (_rows.place < end), limit)
    return found + _items(connection, theirs & (_rows.place >= end), limit - len(found))


def gone(connection: Connection) -> Sequence[UUID]:
    """Return the batches, whosever they were, that were deleted and have rows here yet."""
    there = select(_batches.id)  # no word of tenants: so SQLite need not look past its index at a million rows
    return connection.execute(select(_rows.batch_id).distinct().where(_rows.batch_id.not_in(there))).scalars().all()


class OpenBatch(NamedTuple):
    """Keep a batch, or return the one that is there."""

    new: BatchRecord

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> BatchRecord:
        """Do it."""
        work.one_after_the_other(f"aijobs batch {self.new.tenant_id} {self.new.name}")
        kept = batch(work.connection, self.new.tenant_id, self.new.name)
        if kept is not None:
            return as_of(kept, work.now)
        work.connection.execute(insert(schema.batches).values(columns_of_batch(self.new)))
        return self.new


class ChangeBatch(NamedTuple):
    """Change what is said about a batch."""

    tenant_id: UUID
    batch_id: UUID
    change: BatchChange

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> BatchRecord:
        """Do it."""
        record = changed(_locked(work, self.tenant_id, self.batch_id), self.change, work.now)
        if self.change.rows is not None:
            behind = (_rows.batch_id == self.batch_id) & (_rows.place >= self.change.rows)
            work.connection.execute(delete(schema.batch_rows).where(behind))
        return _written(work, record)


class HoldBatch(NamedTuple):
    """Take a batch, keep it, or give it back."""

    tenant_id: UUID
    batch_id: UUID
    hold: Hold

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> BatchRecord:
        """Do it."""
        return _written(work, held(_locked(work, self.tenant_id, self.batch_id), self.hold, work.now))


class PutBatchRows(NamedTuple):
    """Keep rows, in place of those at the same index."""

    tenant_id: UUID
    batch_id: UUID
    rows: tuple[BatchItem, ...]

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        _locked(work, self.tenant_id, self.batch_id)
        last_of_each = {row.index: row for row in self.rows}  # PostgreSQL takes a row once a statement
        rows = [item_row(self.tenant_id, self.batch_id, row) for row in last_of_each.values()]
        _PUT_ROWS.write(work.session, rows)


class DeleteBatch(NamedTuple):
    """Forget a batch; its jobs and rows are cleared away by and by."""

    tenant_id: UUID
    batch_id: UUID

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> bool:
        """Do it."""
        its_own = (_batches.id == self.batch_id) & (_batches.tenant_id == self.tenant_id)
        # What is gone when this is done again was deleted the first time, as far as anybody can say.
        return work.connection.execute(delete(schema.batches).where(its_own)).rowcount > 0 or work.again


class ClearAway(NamedTuple):
    """Let some jobs of a batch that is gone name it no more, then delete some of its rows; return how many."""

    tenant_id: UUID
    batch_id: UUID
    limit: int

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> int:
        """Do it."""
        work.flush()
        return self._let_jobs_go(work.connection) or self._delete_rows(work.connection)

    def _let_jobs_go(self, connection: Connection) -> int:
        theirs = select(_jobs.ordinal).where(_jobs.batch_id == self.batch_id, _jobs.tenant_id == self.tenant_id)
        some = theirs.where(schema.OF_A_BATCH).limit(self.limit)
        return connection.execute(update(schema.jobs).where(_jobs.ordinal.in_(some)).values(batch_id=None)).rowcount

    def _delete_rows(self, connection: Connection) -> int:
        theirs = (_rows.batch_id == self.batch_id) & (_rows.tenant_id == self.tenant_id)
        some = select(_rows.place).where(theirs).limit(self.limit)
        return connection.execute(delete(schema.batch_rows).where(theirs, _rows.place.in_(some))).rowcount


def _items(connection: Connection, where: ColumnElement[bool], limit: int) -> list[BatchItem]:
    if limit <= 0:
        return []
    wanted = select(_rows.place, _rows.key, _rows.inputs, _rows.request).where(where)
    return [item_of_row(*row) for row in connection.execute(wanted.order_by(_rows.place).limit(limit))]


def _locked(work: UnitOfWork, tenant_id: UUID, batch_id: UUID) -> BatchRecord:
    """Return a batch, and keep others from changing it or its rows."""
    wanted = select(schema.batches).where(_batches.id == batch_id, _batches.tenant_id == tenant_id)
    row = work.connection.execute(wanted.with_for_update()).mappings().one_or_none()
    if row is None:
        raise BatchNotFoundError(str(batch_id))
    return batch_of_row(row)


def _written(work: UnitOfWork, record: BatchRecord) -> BatchRecord:
    work.connection.execute(update(schema.batches).where(_batches.id == record.id).values(columns_of_batch(record)))
    return record
