"""One statement for many rows: compiled once, so that a row costs its own conversion and no more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.dml import UpdateBase

Row = list[Any]
"""The values of some columns, in an order that both sides know."""


class Bulk:
    """An INSERT, UPDATE or DELETE with a parameter for each of these names; a row holds their values, in this order."""

    def __init__(self, statement: UpdateBase, names: Sequence[str]) -> None:
        self._compiled = lru_cache(2)(lambda dialect: _Compiled(statement, dialect, names))

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute the statement for each row, in order; the rows are used up."""
        if rows:
            compiled: _Compiled = self._compiled(connection.dialect)
            connection.exec_driver_sql(compiled.sql, [compiled.parameters(row) for row in rows])


class _Compiled:
    """The statement in one database's own words."""

    def __init__(self, statement: UpdateBase, dialect: Dialect, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names = names
        self._by_place = compiled.positiontup is not None
        self._order = [names.index(name) for name in compiled.positiontup or ()]
        self._in_order = self._order == list(range(len(names)))
        processors = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        self._conversions = [(place, convert) for place, convert in enumerate(processors) if convert is not None]

    def parameters(self, row: Row) -> tuple[Any, ...] | dict[str, Any]:
        for place, convert in self._conversions:
            row[place] = convert(row[place])
        if not self._by_place:
            return dict(zip(self._names, row, strict=True))
        return tuple(row) if self._in_order else tuple([row[place] for place in self._order])
