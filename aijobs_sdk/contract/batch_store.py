"""The part of a store that keeps the journals of batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, Hold


class BatchStore(Protocol):
    """Batches and their rows. Every method is one atomic step; a batch of another tenant is as one that nobody has."""

    async def open_batch(self, new: BatchRecord) -> BatchRecord:
        """Keep a batch, and return it; where the tenant has one of this name already, return that one unchanged."""
        ...

    async def batch(self, tenant_id: UUID, name: str) -> BatchRecord | None:
        """Return this tenant's batch of this name."""
        ...

    async def batches(self, tenant_id: UUID) -> Sequence[BatchRecord]:
        """Return this tenant's batches, the newest first."""
        ...

    async def change_batch(self, tenant_id: UUID, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said, and return the batch as it stands now.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
        """
        ...

    async def hold_batch(self, tenant_id: UUID, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back; note its standing; return it as it stands now.

        Whoever held it once and finds it with another has lost it.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
            BatchHeldError: another holder has it, whose time is not over and who is not the one to be replaced;
                nothing was changed.
        """
        ...

    async def put_batch_rows(self, tenant_id: UUID, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows, in place of those at the same index.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
        """
        ...

    async def batch_rows(
        self, tenant_id: UUID, batch_id: UUID, *, start: int = 0, limit: int = 1000
    ) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on, in their order; none for a batch of another tenant."""
        ...

    async def delete_batch(self, tenant_id: UUID, batch_id: UUID) -> bool:
        """Forget a batch and its rows; return whether there was one. Its jobs stay, and name it no more."""
        ...
