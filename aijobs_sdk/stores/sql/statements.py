"""The statements of every transaction: worded once, so that a row costs its own conversion and no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any

from sqlalchemy import BindParameter, Column, Dialect, Insert, Select, Table, Update, bindparam
from sqlalchemy.types import TypeEngine

from aijobs_sdk.stores.sql.session import Row, Session

Values = list[Any]
"""The values of some columns, in an order that both sides know."""
_Convert = Callable[[Any], Any]
_AT_ONCE = (64, 16, 4, 1)
"""Rows in one statement: few sizes, because each is prepared once, and SQLite lets other threads run meanwhile."""
_FORMS = 64
"""Forms of a statement to keep: it has one for each number of rows or values."""


class Rows:
    """Rows to write to a table, many in one statement, which may return columns of each."""

    def __init__(
        self, table: Table, names: Sequence[str], word: Callable[[str], str], *, returning: Sequence[str] = ()
    ) -> None:
        self._columns = [table.c[name] for name in names]
        self._returned = [table.c[name] for name in returning]
        self._word = word
        self._sql = lru_cache(_FORMS)(self._worded)
        self._converters = lru_cache(2)(self._converters_to)
        self._finders = lru_cache(2)(lambda dialect: _finders([column.type for column in self._returned], dialect))

    def write(self, session: Session, rows: Iterable[Values]) -> None:
        """Write them, in order; of those that are made as they are asked for, few are there at a time."""
        for sql, values in self._statements(session, rows):
            session.write(sql, values)

    def read(self, session: Session, rows: Iterable[Values]) -> Sequence[Row]:
        """Write them, in order, and return what the database returns of each."""
        found = [row for sql, values in self._statements(session, rows) for row in session.read(sql, values)]
        return _found(found, self._finders(session.dialect))

    def _statements(self, session: Session, rows: Iterable[Values]) -> Iterator[tuple[str, Values]]:
        dialect = session.dialect
        for some in _in_sizes(rows):
            columns = list(zip(*some, strict=True))
            empty = _empty(columns) if dialect.name == "sqlite" and len(some) > 1 else ()
            given = [
                column if convert is None else map(convert, column)
                for place, (column, convert) in enumerate(zip(columns, self._converters(dialect), strict=True))
                if place not in empty
            ]
            yield self._sql(dialect, len(some), empty), list(chain.from_iterable(zip(*given, strict=True)))

    def _worded(self, dialect: Dialect, rows: int, empty: Collection[int]) -> str:
        numbers = count(1)
        places = [
            ["NULL" if n in empty else _place(column, dialect, next(numbers)) for n, column in enumerate(self._columns)]
            for _ in range(rows)
        ]
        sql = self._word(", ".join(f"({', '.join(row)})" for row in places))
        return f"{sql} RETURNING {_listed(self._returned)}" if self._returned else sql

    def _converters_to(self, dialect: Dialect) -> Sequence[_Convert | None]:
        return [_binder(column.type, dialect) for column in self._columns]


def _empty(columns: Sequence[Sequence[Any]]) -> tuple[int, ...]:
    """Return the places of columns without any value: for each None SQLite's driver looks for somebody to adapt it.

    A statement of one row says None: there would be a form for each of its ways to be there in part.
    """
    return tuple(
        place for place, column in enumerate(columns) if column[0] is None and column.count(None) == len(column)
    )


def inserting(table: Table, names: Sequence[str]) -> Rows:
    """Return what adds rows with these columns."""
    start = _insert(table, names)
    return Rows(table, names, lambda rows: f"{start} {rows}")


def replacing(table: Table, names: Sequence[str], *, changed: Sequence[str], returning: Sequence[str] = ()) -> Rows:
    """Return what adds rows with these columns, or sets some of them where there is a row with their primary key."""
    key = _listed(table.primary_key.columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in changed)
    conflict = f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
    start = _insert(table, names)
    return Rows(table, names, lambda rows: f"{start} {rows} {conflict}", returning=returning)


def updating(table: Table, names: Sequence[str], *, where: Sequence[str]) -> Rows:
    """Return what sets columns of the rows that some other columns name; a row has their values after the new ones."""
    columns = (*names, *where)
    changes = ", ".join(f"{name} = new.{name}" for name in names)
    found = " AND ".join(f"{table.name}.{name} = new.{name}" for name in where)
    update = f"UPDATE {table.name} SET {changes} FROM new WHERE {found}"  # noqa: S608 - names of our own tables

    def word(rows: str) -> str:
        return f"WITH new ({', '.join(columns)}) AS (VALUES {rows}) {update}"

    return Rows(table, columns, word)


class Statement:
    """Any other statement. It may hold lists of values, and has a form for each number of them."""

    def __init__(self, build: Callable[..., Select[Any] | Update | Insert]) -> None:
        self._form = lru_cache(_FORMS)(lambda dialect, **sizes: _Form(build(**sizes), dialect))

    def write(self, session: Session, **values: object) -> None:
        """Execute it with these values."""
        form: _Form = self._form(session.dialect)
        session.write(form.sql, form.asked(values))

    def read(self, session: Session, lists: Mapping[str, Sequence[Any]] = {}, **values: object) -> Sequence[Row]:
        """Return what it finds with these values and lists; no list may be empty."""
        padded = {name: _padded(some) for name, some in lists.items()}
        form: _Form = self._form(session.dialect, **{name: len(some) for name, some in padded.items()})
        for name, some in padded.items():
            values |= {_numbered(name, place): value for place, value in enumerate(some)}
        return _found(session.read(form.sql, form.asked(values)), form.finders)


def one_of(column: Column[Any], name: str, size: int) -> list[BindParameter[Any]]:
    """Return the list of so many values for the column that a statement gets by this name."""
    return [bindparam(_numbered(name, place), type_=column.type) for place in range(size)]


class _Form:
    """A statement in one database's own words."""

    def __init__(self, statement: Select[Any] | Update | Insert, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._constants = {bind.key: bind.value for bind in binds if not bind.required}
        self._places = [(bind.key, _binder(bind.type, dialect)) for bind in binds]
        found = statement.selected_columns if isinstance(statement, Select) else ()
        self.finders = _finders([column.type for column in found], dialect)

    def asked(self, values: Mapping[str, Any]) -> Values:
        """Return the values in the order of their places."""
        known = {**self._constants, **values}
        return [known[name] if convert is None else convert(known[name]) for name, convert in self._places]


def _insert(table: Table, names: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES"


def _place(column: Column[Any], dialect: Dialect, number: int) -> str:
    return "?" if dialect.name == "sqlite" else f"${number}::{column.type.compile(dialect)}"


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _finders(kinds: Sequence[TypeEngine[Any]], dialect: Dialect) -> Sequence[_Convert | None]:
    return [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in kinds]


def _found(rows: Sequence[Row], finders: Sequence[_Convert | None]) -> Sequence[Row]:
    return [
        tuple([value if convert is None else convert(value) for value, convert in zip(row, finders, strict=True)])
        for row in rows
    ]


def _in_sizes(rows: Iterable[Values]) -> Iterator[Sequence[Values]]:
    coming = iter(rows)
    while some := list(islice(coming, _AT_ONCE[0])):
        begin = 0
        for size in _AT_ONCE:
            while len(some) - begin >= size:
                yield some[begin : begin + size]
                begin += size


def _listed(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)


def _numbered(name: str, place: int) -> str:
    return f"{name}_{place}"


def _padded(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values, the last one often enough to make their number a power of two."""
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]
