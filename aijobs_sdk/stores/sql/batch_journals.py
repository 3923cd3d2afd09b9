"""The part of a database's store that keeps the journals of batches."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, Hold
from aijobs_sdk.engine.batches import as_of
from aijobs_sdk.stores.sql import batches
from aijobs_sdk.stores.sql.open_database import OpenDatabase

CLEARED_AT_ONCE = 1000
"""Jobs or rows in one transaction."""


class BatchJournals(OpenDatabase):
    """Batches and their rows."""

    async def open_batch(self, new: BatchRecord) -> BatchRecord:
        """Keep a batch, or return the one of this name that is there."""
        return await self._write(batches.OpenBatch(new))

    async def batch(self, tenant_id: UUID, name: str) -> BatchRecord | None:
        """Return this tenant's batch of this name."""
        kept = await self._read_of(tenant_id, batches.batch, name)
        return None if kept is None else as_of(kept, self._clock.now())

    async def batches(self, tenant_id: UUID) -> Sequence[BatchRecord]:
        """Return this tenant's batches, the newest first."""
        kept = await self._read_of(tenant_id, batches.batches)
        return [as_of(one, self._clock.now()) for one in kept]

    async def change_batch(self, tenant_id: UUID, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said."""
        return await self._write(batches.ChangeBatch(tenant_id, batch_id, change))

    async def hold_batch(self, tenant_id: UUID, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back."""
        return await self._write(batches.HoldBatch(tenant_id, batch_id, hold))

    async def put_batch_rows(self, tenant_id: UUID, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows, in place of those at the same index."""
        await self._write(batches.PutBatchRows(tenant_id, batch_id, tuple(rows)))

    async def batch_rows(
        self, tenant_id: UUID, batch_id: UUID, *, start: int = 0, limit: int = 1000
    ) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on."""
        return await self._read_of(tenant_id, batches.batch_rows, batch_id, start, limit)

    async def delete_batch(self, tenant_id: UUID, batch_id: UUID) -> bool:
        """Forget a batch at once, and what belongs to it some at a time, so that others may write in between.

        What is left where that is cut short is cleared away with the tenant's next one.
        """
        if not await self._write(batches.DeleteBatch(tenant_id, batch_id)):
            return False
        for gone in {batch_id, *await self._read(batches.gone)}:
            while await self._write(batches.ClearAway(tenant_id, gone, CLEARED_AT_ONCE)):
                pass
        await self._forget_jobs()
        return True
