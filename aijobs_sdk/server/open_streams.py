"""The event streams that are open: so many a tenant, and all of them end when the server stops."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from aijobs_sdk.contract.errors import TooManyStreamsError
from aijobs_sdk.server.stays import Stays

_RETRY_AFTER_SECONDS = 1.0


class OpenStreams:
    """Counts streams, and ends them."""

    def __init__(self, *, per_tenant: int) -> None:
        self._per_tenant = per_tenant
        self._open: Counter[UUID] = Counter()
        self._stays = Stays()

    @asynccontextmanager
    async def one_more(self, tenant_id: UUID) -> AsyncIterator[asyncio.Timeout]:
        """Run the block as a stream of this tenant; `end()` with what it is given, or `end_all()`, leaves the block.

        Raises:
            TooManyStreamsError: the tenant has as many as it may.
        """
        if self._open[tenant_id] >= self._per_tenant:
            raise TooManyStreamsError(self._per_tenant, retry_after_seconds=_RETRY_AFTER_SECONDS)
        self._open[tenant_id] += 1
        try:
            with suppress(TimeoutError):
                async with self._stays.one_more() as stay:
                    yield stay
        finally:
            self._open[tenant_id] -= 1
            if not self._open[tenant_id]:
                del self._open[tenant_id]

    def end_all(self) -> None:
        """End every stream there is, and each that comes after, on the loop they run on."""
        self._stays.end_all()

    def end_present(self) -> None:
        """End every stream there is, on the loop they run on; others may come."""
        self._stays.end_present()

    def __len__(self) -> int:
        return self._open.total()
