"""API keys in this process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.keys import ApiKey


class KeysInMemory:
    """The part of the memory store that keeps API keys."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    async def put_key(self, key: ApiKey) -> None:
        """Keep an API key."""
        self._keys[key.id] = key

    async def key(self, key_id: str) -> ApiKey | None:
        """Return the key of this id."""
        return self._keys.get(key_id)

    async def keys(self, tenant_id: UUID | None = None) -> Sequence[ApiKey]:
        """Return a tenant's keys, or all, oldest first."""
        wanted = (key for key in self._keys.values() if tenant_id in {None, key.tenant_id})
        return sorted(wanted, key=lambda key: (key.created_at, key.id))

    async def revoke_key(self, key_id: str, *, at: datetime) -> bool:
        """Let a key count no more."""
        key = self._keys.get(key_id)
        if key is None or key.revoked_at is not None:
            return False
        self._keys[key_id] = key.replace(revoked_at=at)
        return True
