"""Journals of batches in this process: their rows are put away at once, so that a million of them take no memory."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Sequence
from uuid import UUID

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, Hold
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import BatchNotFoundError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.engine.batches import as_of, changed, held
from aijobs_sdk.stores.attic import Attic

_item = unchecked(BatchItem)
_ROWS = """
SELECT place, row FROM batch_rows JOIN batches ON id = batch
WHERE batch = ? AND tenant = ? AND place >= ? ORDER BY place LIMIT ?
"""


class BatchesInMemory:
    """The part of the memory store that keeps the journals of batches."""

    def __init__(self, clock: Clock, attic: Attic) -> None:
        self._clock = clock
        self._attic = attic

    async def open_batch(self, new: BatchRecord) -> BatchRecord:
        """Keep a batch, or return the one of this name that is there."""
        if (kept := await self.batch(new.tenant_id, new.name)) is not None:
            return kept
        with self._attic.one_step() as database:
            database.execute(
                "INSERT INTO batches (id, tenant, name, record) VALUES (?, ?, ?, ?)",
                (new.id.bytes, new.tenant_id.bytes, new.name, pickle.dumps(new)),
            )
        return new

    async def batch(self, tenant_id: UUID, name: str) -> BatchRecord | None:
        """Return this tenant's batch of this name."""
        found = self._found("tenant = ? AND name = ?", tenant_id.bytes, name)
        return found[0] if found else None

    async def batches(self, tenant_id: UUID) -> Sequence[BatchRecord]:
        """Return this tenant's batches, the newest first."""
        return self._found("tenant = ? ORDER BY number DESC", tenant_id.bytes)

    async def change_batch(self, tenant_id: UUID, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said."""
        record = changed(self._batch(tenant_id, batch_id), change, self._clock.now())
        with self._attic.one_step() as database:
            _write(database, record)
            if change.rows is not None:
                database.execute("DELETE FROM batch_rows WHERE batch = ? AND place >= ?", (batch_id.bytes, change.rows))
        return record

    async def hold_batch(self, tenant_id: UUID, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back."""
        record = held(self._batch(tenant_id, batch_id), hold, self._clock.now())
        with self._attic.one_step() as database:
            _write(database, record)
        return record

    async def put_batch_rows(self, tenant_id: UUID, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows, in place of those at the same index."""
        self._batch(tenant_id, batch_id)
        packed = [(batch_id.bytes, row.index, pickle.dumps((row.key, row.inputs, row.request))) for row in rows]
        with self._attic.one_step() as database:
            database.executemany("INSERT OR REPLACE INTO batch_rows VALUES (?, ?, ?)", packed)

    async def batch_rows(
        self, tenant_id: UUID, batch_id: UUID, *, start: int = 0, limit: int = 1000
    ) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on."""
        if not self._attic.is_open:
            return []
        rows = self._attic.database.execute(_ROWS, (batch_id.bytes, tenant_id.bytes, start, limit))
        return [_read(place, row) for place, row in rows]

    async def delete_batch(self, tenant_id: UUID, batch_id: UUID) -> bool:
        """Forget a batch and its rows; its jobs name it no more."""
        if not self._found("tenant = ? AND id = ?", tenant_id.bytes, batch_id.bytes):
            return False
        with self._attic.one_step() as database:
            database.execute("DELETE FROM batches WHERE id = ?", (batch_id.bytes,))
            database.execute("DELETE FROM batch_rows WHERE batch = ?", (batch_id.bytes,))
        self._leave_batch(batch_id)
        return True

    def _leave_batch(self, batch_id: UUID) -> None:
        """Let the jobs of a batch that is gone name none."""
        raise NotImplementedError

    def _batch_ids(self) -> set[UUID]:
        """Return the ids of every tenant's batches."""
        if not self._attic.is_open:
            return set()
        return {UUID(bytes=found) for (found,) in self._attic.database.execute("SELECT id FROM batches")}

    def _batch(self, tenant_id: UUID, batch_id: UUID) -> BatchRecord:
        found = self._found("tenant = ? AND id = ?", tenant_id.bytes, batch_id.bytes)
        if not found:
            raise BatchNotFoundError(str(batch_id))
        return found[0]

    def _found(self, where: str, *values: bytes | str) -> list[BatchRecord]:
        if not self._attic.is_open:
            return []
        now = self._clock.now()
        rows = self._attic.database.execute(f"SELECT record FROM batches WHERE {where}", values)  # noqa: S608 - our own words
        return [as_of(pickle.loads(record), now) for (record,) in rows]  # noqa: S301 - what this process wrote


def _write(database: sqlite3.Connection, record: BatchRecord) -> None:
    database.execute("UPDATE batches SET record = ? WHERE id = ?", (pickle.dumps(record), record.id.bytes))


def _read(place: int, row: bytes) -> BatchItem:
    key, inputs, request = pickle.loads(row)  # noqa: S301 - what this process wrote
    return _item(index=place, key=key, inputs=inputs, request=request)
