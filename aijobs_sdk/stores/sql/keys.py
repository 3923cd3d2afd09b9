"""API keys in a database: their rows, what is asked of them, and the commands that change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork
from aijobs_sdk.stores.sql.unreadable import Columns, problem_of, readable

_keys = schema.api_keys.c


def key(connection: Connection, key_id: str) -> ApiKey | None:
    """Return a key of any tenant."""
    row = connection.execute(select(schema.api_keys).where(_keys.id == key_id)).mappings().one_or_none()
    return None if row is None else _key_of_row(row)


def keys(connection: Connection, tenant_id: UUID | None) -> Sequence[ApiKey]:
    """Return a tenant's keys, or all, oldest first."""
    wanted = select(schema.api_keys).order_by(_keys.created_at, _keys.id)
    if tenant_id is not None:
        wanted = wanted.where(_keys.tenant_id == tenant_id)
    return list(readable(connection.execute(wanted).mappings(), _key_of_row))


class PutKey(NamedTuple):
    """Keep a key, in place of one of the same id."""

    key: ApiKey

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        work.connection.execute(delete(schema.api_keys).where(_keys.id == self.key.id))
        work.connection.execute(insert(schema.api_keys).values(_columns_of(self.key)))


class RevokeKey(NamedTuple):
    """Let a key count no more."""

    key_id: str
    at: datetime

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> bool:
        """Do it."""
        valid = (_keys.id == self.key_id) & _keys.revoked_at.is_(None)
        revoked = work.connection.execute(update(schema.api_keys).where(valid).values(revoked_at=self.at)).rowcount > 0
        return revoked or (work.again and self._is_done(work))

    def _is_done(self, work: UnitOfWork) -> bool:
        found = key(work.connection, self.key_id)
        return found is not None and found.revoked_at == self.at


def _columns_of(key: ApiKey) -> Mapping[str, Any]:
    return dict(key) | {"scopes": " ".join(sorted(key.scopes))}


def _key_of_row(row: Columns) -> ApiKey:
    try:
        return ApiKey(**dict(row) | {"scopes": frozenset(map(Scope, row["scopes"].split()))})
    except ValueError:
        raise UnreadableRecordError(f"API key {row['id']}", problem_of(row)) from None
