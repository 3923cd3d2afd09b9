"""One statement for many rows: compiled once, so that a row costs its own conversion and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.dml import UpdateBase


class Bulk:
    """An INSERT, UPDATE or DELETE with a parameter for each column it names."""

    def __init__(self, statement: UpdateBase) -> None:
        self._compiled = lru_cache(2)(lambda dialect: _Compiled(statement, dialect))

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement for each row, in order."""
        if rows:
            compiled: _Compiled = self._compiled(connection.dialect)
            connection.exec_driver_sql(compiled.sql, [compiled.parameters(row) for row in rows])


class _Compiled:
    """The statement in one database's own words."""

    def __init__(self, statement: UpdateBase, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._by_place = compiled.positiontup is not None
        self._columns = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.binds
        ]

    def parameters(self, row: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        if self._by_place:
            return tuple([row[name] if convert is None else convert(row[name]) for name, convert in self._columns])
        return {name: row[name] if convert is None else convert(row[name]) for name, convert in self._columns}
