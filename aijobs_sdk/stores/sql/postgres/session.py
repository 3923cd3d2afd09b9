"""A transaction under way in PostgreSQL: all of its writes and its commit take one trip to the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from aijobs_sdk.stores.sql.postgres.one_trip import one_trip
from aijobs_sdk.stores.sql.postgres.wall import HOLD_TO, setting_for
from aijobs_sdk.stores.sql.session import Row


class PostgresSession:
    """Statements go to the server in a pipeline: it answers all of them together."""

    dialect: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    has_wall = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._raw = cast("psycopg.Connection[Row]", connection.connection.driver_connection)
        self._gathered: list[tuple[str, Sequence[Any]]] = []
        self._held_to: UUID | None = None

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's way to the same connection."""
        self.send()  # it knows of no pipeline
        return self._connection

    def write(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Let it wait for the others."""
        self._gathered.append((sql, values))

    def read(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a query, which goes with what has gathered."""
        asked = psycopg.RawCursor(self._raw)
        if not self._gathered:
            return asked.execute(sql, values).fetchall()
        with one_trip(self._raw):
            self._execute_gathered()
            asked.execute(sql, values)
        return asked.fetchall()  # in the pipeline it would take a trip of its own

    def send(self) -> None:
        """Execute what has gathered."""
        if self._gathered:
            with one_trip(self._raw):
                self._execute_gathered()

    def hold_to(self, tenant_id: UUID | None) -> None:
        """Say so with the next statements."""
        if tenant_id != self._held_to:
            self.write(HOLD_TO, (setting_for(tenant_id),))
            self._held_to = tenant_id

    def _execute_gathered(self) -> None:
        cursor = psycopg.RawCursor(self._raw)
        for sql, values in self._gathered:
            cursor.execute(sql, values)
        self._gathered.clear()
