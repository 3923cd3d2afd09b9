"""API keys: who may ask a server, for which tenant, and for what. The key itself is known to its owner alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.word import Word


class Scope(Word):
    """What a key may be used for."""

    READ = "read"
    """To see jobs, documents, usage and all else of its tenant."""
    WRITE = "write"
    """To submit, cancel and replay jobs, and to change documents and schedules."""
    OPERATE = "operate"
    """To read the metrics of the whole server, and to purge what its tenant's failed jobs left behind."""


class ApiKey(Fact):
    """A key as it is stored: by a digest, from which nobody finds the key."""

    id: str = Field(pattern=r"^[0-9a-z]{1,32}$")
    """A part of the key that is no secret: it finds the record."""
    tenant_id: UUID
    user_id: UUID
    """Who asks, where a request names nobody else."""
    name: str = Field(min_length=1, max_length=100)
    scopes: frozenset[Scope] = Field(min_length=1)
    digest: str
    """SHA-256 of the secret part, in hex: the secret is 256 random bits, which no dictionary holds."""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """On whose behalf is asked by this key."""
        return Caller(tenant_id=self.tenant_id, user_id=self.user_id)

    def is_valid_at(self, now: datetime) -> bool:
        """Whether the key may be used at this instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
