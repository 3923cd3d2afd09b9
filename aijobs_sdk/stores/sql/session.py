"""A transaction under way on the writing connection: what is written gathers, and goes to the database together.

SQLAlchemy says what the statements are; it does not stand between them and the driver. That spares its own share of the
time, and in PostgreSQL all of a transaction's writes and its commit take one trip to the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from aijobs_sdk.stores.sql.one_trip import one_trip
from aijobs_sdk.stores.sql.wall import HOLD_TO, setting_for

Row = tuple[Any, ...]


class Session(Protocol):
    """What a transaction, or whoever only reads, can do with a connection."""

    @property
    def dialect(self) -> Dialect:
        """How statements are worded."""
        ...

    @property
    def has_wall(self) -> bool:
        """Whether `hold_to` changes anything."""
        ...

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's way to the same connection, for what is asked seldom; what was written before is there."""
        ...

    def write(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute a statement that returns nothing, now or with the others."""
        ...

    def read(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a query; it sees all that was written before."""
        ...

    def send(self) -> None:
        """Execute what has gathered."""
        ...

    def hold_to(self, tenant_id: UUID | None) -> None:
        """Reach the rows of one tenant alone until this transaction ends or says otherwise; None: of every tenant."""
        ...


def session_on(connection: Connection) -> Session:
    """Return a session on a connection that begins and ends no transactions of its own."""
    return SqliteSession(connection) if connection.dialect.name == "sqlite" else PostgresSession(connection)


class SqliteSession:
    """There is no trip to save: each statement is executed at once."""

    dialect: Dialect = SQLiteDialect_pysqlite()
    has_wall = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor: Any = connection.connection.cursor()

    def write(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute it."""
        self._cursor.execute(sql, values)

    def read(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a query."""
        rows: Sequence[Row] = self._cursor.execute(sql, values).fetchall()
        return rows

    def send(self) -> None:
        """Nothing has gathered."""

    def hold_to(self, tenant_id: UUID | None) -> None:
        """SQLite has no wall."""


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
