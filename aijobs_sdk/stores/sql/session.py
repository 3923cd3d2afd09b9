"""A transaction under way on the writing connection: what is written gathers, and goes to the database together.

SQLAlchemy says what the statements are; it does not stand between them and the driver. That spares its own share of the
time, and in PostgreSQL all of a transaction's writes and its commit take one trip to the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

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
    if connection.dialect.name == "sqlite":
        return SqliteSession(connection)
    from aijobs_sdk.stores.sql.postgres.session import PostgresSession  # noqa: PLC0415 - with PostgreSQL's driver

    return PostgresSession(connection)


def held_to(connection: Connection, tenant_id: UUID) -> AbstractContextManager[None]:
    """Let whoever reads on this connection see one tenant's rows alone; SQLite has no wall, and shows all of them."""
    if connection.dialect.name == "sqlite":
        return nullcontext()
    from aijobs_sdk.stores.sql.postgres import wall  # noqa: PLC0415 - with PostgreSQL's driver

    return wall.held_to(connection, tenant_id)


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
