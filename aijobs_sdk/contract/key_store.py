"""The part of a store that keeps API keys, which is all that whoever checks or makes them needs to know of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.keys import ApiKey


class KeyStore(Protocol):
    """API keys. Every method is one atomic step."""

    async def put_key(self, key: ApiKey) -> None:
        """Keep an API key, in place of one of the same id."""
        ...

    async def key(self, key_id: str) -> ApiKey | None:
        """Return the key of this id, of whichever tenant: who asks is not known before."""
        ...

    async def keys(self, tenant_id: UUID | None = None) -> Sequence[ApiKey]:
        """Return a tenant's keys, or all, oldest first; those that are valid no more are among them."""
        ...

    async def revoke_key(self, key_id: str, *, at: datetime) -> bool:
        """Let a key count no more; return False, and change nothing, where there is none or it was revoked before."""
        ...
