"""Which session a connection is used through: of SQLite's kind or of PostgreSQL's."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

from sqlalchemy import Connection

from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.sqlite_session import SqliteSession


def session_on(connection: Connection) -> Session:
    """Return a session on a connection that begins and ends no transactions of its own."""
    if connection.dialect.name == "sqlite":
        return SqliteSession(connection)
    from aijobs_sdk.stores.sql.postgres.session import PostgresSession  # noqa: PLC0415 - with PostgreSQL's driver

    return PostgresSession(connection)


def wait_for_ever(connection: Connection) -> None:
    """Let statements to PostgreSQL take as long as they like."""
    from aijobs_sdk.stores.sql.postgres import patience  # noqa: PLC0415 - with PostgreSQL's driver

    patience.wait_for_ever(connection)


def held_to(connection: Connection, tenant_id: UUID) -> AbstractContextManager[None]:
    """Let whoever reads on this connection see one tenant's rows alone; SQLite has no wall, and shows all of them."""
    if connection.dialect.name == "sqlite":
        return nullcontext()
    from aijobs_sdk.stores.sql.postgres import wall  # noqa: PLC0415 - with PostgreSQL's driver

    return wall.held_to(connection, tenant_id)
