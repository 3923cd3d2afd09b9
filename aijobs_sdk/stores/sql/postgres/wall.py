"""The second wall between tenants: PostgreSQL shows a transaction that says whose it is the rows of that tenant alone.

The first wall is that each query names its tenant. This one holds where that is forgotten: row-level security, by the
policies of migration 0003. It holds every role but superusers and those with BYPASSRLS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, cast
from uuid import UUID

import psycopg
from psycopg.abc import Params
from sqlalchemy import Connection

from aijobs_sdk.stores.sql.postgres.one_trip import one_trip

HOLD_TO = "SELECT set_config('aijobs.tenant_id', $1, true)"
"""Holds the transaction it is said in."""


def setting_for(tenant_id: UUID | None) -> str:
    """Return the value that holds a transaction to one tenant, or to none."""
    return "" if tenant_id is None else str(tenant_id)


@contextmanager
def held_to(connection: Connection, tenant_id: UUID) -> Iterator[None]:
    """Let whoever reads on this connection see one tenant's rows alone."""
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    usual = raw.cursor_factory
    raw.cursor_factory = partial(_HeldCursor, tenant_id=tenant_id)  # type: ignore[assignment] # it is only called
    try:
        yield
    finally:
        raw.cursor_factory = usual


class _HeldCursor(psycopg.Cursor[Any]):
    """Says with each statement whose it is: both are one transaction, and one trip."""

    def __init__(self, connection: psycopg.Connection[Any], *, tenant_id: UUID, row_factory: Any = None) -> None:  # noqa: ANN401 - psycopg's own
        super().__init__(connection, row_factory=row_factory)
        self._tenant_id = tenant_id

    def execute(self, query: Any, params: Params | None = None, **options: bool | None) -> Self:  # noqa: ANN401 - of four kinds
        with one_trip(self.connection):
            psycopg.RawCursor(self.connection).execute(HOLD_TO, (setting_for(self._tenant_id),))
            return super().execute(query, params, **options)
