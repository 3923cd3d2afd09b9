"""Connections to PostgreSQL that wait for an answer, but not for ever: a proxy may hold a line that leads nowhere."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout  # what wait() says that it raises
from sqlalchemy import Connection, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")
ANSWER_SECONDS = 120.0
"""How long a statement may take. Ours take a small part of that, also where they wait for each other."""
_LOOK_SECONDS = 0.1


class PatientConnection(psycopg.Connection[Any]):
    """Is closed when no answer has come in time: nobody can say what became of the statement."""

    answer_seconds: float | None = None

    def wait(self, gen: PQGen[T], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> T:
        """Return what the driver waits for.

        Raises:
            psycopg.OperationalError: it did not come in time.
        """
        try:
            return super().wait(gen, interval, timeout or self.answer_seconds)
        except _WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s") from None


class PatientListener(psycopg.AsyncConnection[Any]):
    """The same of what listens; it waits for news as long as it likes."""

    async def wait(self, gen: PQGen[T], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> T:  # noqa: ASYNC109 - psycopg's own
        """Return what the driver waits for.

        Raises:
            psycopg.OperationalError: it did not come in time.
        """
        try:
            return await super().wait(gen, interval, timeout or ANSWER_SECONDS)
        except _WaitTimeout:
            self.pgconn.finish()
            raise


def connect(dialect: Dialect, entry: ConnectionPoolEntry, arguments: Any, options: Any) -> PatientConnection:  # noqa: ANN401 - SQLAlchemy's own
    """Open a connection, as SQLAlchemy's event `do_connect` is to."""
    connection = PatientConnection.connect(*arguments, **options)
    connection.answer_seconds = ANSWER_SECONDS
    return connection


def wait_for_ever(connection: Connection) -> None:
    """Let statements on this connection take as long as they like: those of a migration may."""
    cast("PatientConnection", connection.connection.driver_connection).answer_seconds = None
