"""`FactTable` and `Chapter`: what a report says, before it is known where it will be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Self, TypeAlias, assert_never

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.showing.figures import NOTHING, exact, percent, places_of, rounded, shown, to_places
from aijobs_sdk.usage.table import cell_text

Cell: TypeAlias = str | int | Decimal | date | None
"""None: there is no such value."""


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    """Of somebody's: a very long one is cut where people read it."""
    WORDS = "words"
    """Sentences of the report itself: whole everywhere, as the last one may be what the reader is after."""
    COUNT = "count"
    """Whole numbers."""
    AMOUNT = "amount"
    """Exact decimals: credits, US dollars, prices."""
    MONEY = "money"
    """An amount that is owed, in cents at least."""
    SHARE = "share"
    """Parts of one."""
    FIGURE = "figure"
    """A measurement."""
    DAY = "day"

    @property
    def is_number(self) -> bool:
        """Whether such values are lined up to the right."""
        return self not in {Kind.TEXT, Kind.WORDS, Kind.DAY}


@dataclass(frozen=True)
class Column:
    """A column: `name` for programs, `label` for people."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True)
class FactTable:
    """One table of a report. Its rows are in their final order."""

    name: str
    """A file or an anchor can be called that."""
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    """What the rows add up to; None under a column that has no sum."""
    bar: str | None = None
    """The column whose values are drawn as bars, where bars can be drawn."""
    more: str = ""
    """What was left out of it, if anything."""

    def shortened(self, most: int) -> Self:
        """Return a table of at most `most` rows that says how many are missing."""
        if len(self.rows) <= most:
            return self
        hidden = len(self.rows) - most
        them, are = ("it", "is") if hidden == 1 else ("them", "are")
        counted_in = "" if self.total is None else f"; the total counts {them}"
        said = f"{counted(hidden, 'more row')} {are} in the other forms of this report{counted_in}."
        return replace(self, rows=self.rows[:most], more=said)

    def without(self, names: Collection[str]) -> Self:
        """Return the table without some of its columns."""
        kept = [number for number, column in enumerate(self.columns) if column.name not in names]

        def narrowed(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(row[number] for number in kept)

        return replace(
            self,
            columns=tuple(self.columns[number] for number in kept),
            rows=tuple(map(narrowed, self.rows)),
            total=None if self.total is None else narrowed(self.total),
        )

    def carried(self) -> Self:
        """Return the table as files carry it: ratios and measurements to nine places, all else exactly."""
        total = None if self.total is None else self._carried(self.total)
        return replace(self, rows=tuple(map(self._carried, self.rows)), total=total)

    def texts(self) -> ShownTable:
        """Return the values as they are shown; the amounts of a column have the same number of places."""
        every = [*self.rows, self.total] if self.total is not None else self.rows
        columns = [_texts(column.kind, [row[number] for row in every]) for number, column in enumerate(self.columns)]
        rows = list(zip(*columns, strict=True))
        if self.total is None:
            return ShownTable(rows=tuple(rows), total=None)
        total = tuple("" if value is None else text for value, text in zip(self.total, rows[-1], strict=True))
        return ShownTable(rows=tuple(rows[:-1]), total=total)

    def _carried(self, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(
            to_places(value, 9) if column.kind in {Kind.SHARE, Kind.FIGURE} and isinstance(value, Decimal) else value
            for value, column in zip(row, self.columns, strict=True)
        )


@dataclass(frozen=True)
class ShownTable:
    """The values of a table as they are shown."""

    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None


@dataclass(frozen=True)
class Chapter:
    """A part of the report under one heading."""

    name: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[FactTable, ...] = ()


def _texts(kind: Kind, values: Sequence[Cell]) -> list[str]:
    amounts = [value for value in values if isinstance(value, Decimal)]
    places = max(map(places_of, amounts), default=0)
    return [_text(value, kind, places) for value in values]


def _text(value: Cell, kind: Kind, places: int) -> str:
    match value:
        case None:
            return NOTHING
        case Decimal():
            return _number(value, kind, places)
        case int():
            return f"{value:,}"
        case date():
            return value.isoformat()
        case str():
            return cell_text(value) if kind is Kind.WORDS else shown(value)
        case _:
            assert_never(value)


def _number(value: Decimal, kind: Kind, places: int) -> str:
    match kind:
        case Kind.SHARE:
            return percent(value)
        case Kind.FIGURE:
            return rounded(value, places=min(places, 3))
        case Kind.MONEY:
            return exact(value, places=max(places, 2))
        case Kind.AMOUNT | Kind.TEXT | Kind.WORDS | Kind.COUNT | Kind.DAY:
            return exact(value, places=max(places, 6))
        case _:
            assert_never(kind)
