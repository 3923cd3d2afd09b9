"""A transaction under way in SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from aijobs_sdk.stores.sql.session import Row


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
