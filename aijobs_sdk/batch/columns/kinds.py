"""What kind of values a column holds, learnt one by one, so that a file of fixed types can be begun before its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from typing import NamedTuple

MOST_PARTS = 100
"""An object with more fields is a dictionary, whose names are data."""
MOST_LEVELS = 16
MOST_DIGITS = 76
"""Of the largest decimals that files know."""
_EXACT_IN_A_FLOAT = 2**53
_MOST_IN_64_BITS = 2**63
_FIRST_SAFE_YEAR, _LAST_SAFE_YEAR = 2, 9998
"""In these an instant has a date in every time zone."""
_LONGEST = timedelta(days=100_000_000)
"""A duration of 64 bits of microseconds is a little longer."""


class Sort(StrEnum):
    """The word for a kind."""

    NOTHING = "nothing"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    """One that a float can hold, too."""
    LONG = "long"
    """One of 64 bits."""
    NUMBER = "number"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    """Without a time zone."""
    INSTANT = "instant"
    DURATION = "duration"
    BYTES = "bytes"
    LIST = "list"
    OBJECT = "object"
    ANYTHING = "anything"
    """Values that have no kind in common; only text can hold them."""


class Kind(NamedTuple):
    """What all values of a column are; nothing may stand in place of any of them."""

    sort: Sort
    digits: tuple[int, int] = (0, 0)
    """Of a decimal, before and behind its point."""
    item: Kind | None = None
    """Of a list: what each of its items is."""
    fields: Mapping[str, Kind] = {}
    """Of an object: what they are, by name."""


NOTHING = Kind(Sort.NOTHING)
ANYTHING = Kind(Sort.ANYTHING)
_SORTS: Mapping[type, Sort] = {
    bool: Sort.BOOLEAN,
    float: Sort.NUMBER,
    str: Sort.TEXT,
    bytes: Sort.BYTES,
    date: Sort.DATE,
}
"""Of values that need no second look."""


def covers(kind: Kind, value: object) -> bool:
    """Return whether a value is of this kind, at a lower price than finding its own."""
    if value is None or _SORTS.get(type(value)) is kind.sort:
        return True
    match kind.sort:
        case Sort.ANYTHING:
            return True
        case Sort.INTEGER:
            return type(value) is int and abs(value) <= _EXACT_IN_A_FLOAT
        case Sort.LIST:
            item = kind.item or NOTHING
            return isinstance(value, list) and all(covers(item, held) for held in value)
        case Sort.OBJECT:
            fields = kind.fields
            return isinstance(value, Mapping) and all(
                name in fields and covers(fields[name], held) for name, held in value.items()
            )
        case _:
            return either(kind, kind_of(value)) == kind


def kind_of(value: object, *, levels: int = MOST_LEVELS) -> Kind:
    """Return the kind of one plain value; of one with more levels than these, the one that holds anything."""
    match value:
        case None:
            return NOTHING
        case bool():
            return Kind(Sort.BOOLEAN)
        case int():
            return _of_an_integer(value)
        case Decimal():
            return _of_a_decimal(value)
        case datetime():
            return _of_a_datetime(value)
        case time():
            return Kind(Sort.TIME) if value.tzinfo is None else ANYTHING
        case timedelta():
            return Kind(Sort.DURATION) if abs(value) <= _LONGEST else ANYTHING
        case list() if levels:
            return Kind(Sort.LIST, item=reduce(either, (kind_of(held, levels=levels - 1) for held in value), NOTHING))
        case Mapping() if levels and len(value) <= MOST_PARTS:
            return Kind(
                Sort.OBJECT, fields={str(name): kind_of(held, levels=levels - 1) for name, held in value.items()}
            )
        case _ if type(value) in _SORTS:
            return Kind(_SORTS[type(value)])
        case _:
            return ANYTHING


def either(one: Kind, other: Kind) -> Kind:
    """Return the kind of values of which each is of one of these."""
    if one == other or other.sort is Sort.NOTHING:
        return one
    match {one.sort, other.sort}:
        case sorts if Sort.NOTHING in sorts:
            return other
        case sorts if sorts == {Sort.INTEGER, Sort.LONG}:
            return Kind(Sort.LONG)
        case sorts if sorts == {Sort.INTEGER, Sort.NUMBER}:
            return Kind(Sort.NUMBER)
        case sorts if sorts == {Sort.DECIMAL}:
            return Kind(Sort.DECIMAL, digits=(max(one.digits[0], other.digits[0]), max(one.digits[1], other.digits[1])))
        case sorts if sorts == {Sort.LIST}:
            return Kind(Sort.LIST, item=either(one.item or NOTHING, other.item or NOTHING))
        case sorts if sorts == {Sort.OBJECT}:
            return _either_object(one.fields, other.fields)
        case _:
            return ANYTHING


def has_a_place(kind: Kind) -> bool:
    """Return whether a column of a fixed type can hold this kind as it is."""
    match kind.sort:
        case Sort.ANYTHING:
            return False
        case Sort.LIST:
            return has_a_place(kind.item or NOTHING)
        case Sort.OBJECT:
            return bool(kind.fields) and all(map(has_a_place, kind.fields.values()))
        case Sort.DECIMAL:
            return sum(kind.digits) <= MOST_DIGITS
        case _:
            return True


def _either_object(one: Mapping[str, Kind], other: Mapping[str, Kind]) -> Kind:
    names = dict.fromkeys([*one, *other])
    if len(names) > MOST_PARTS:
        return ANYTHING
    fields = {name: either(one.get(name, NOTHING), other.get(name, NOTHING)) for name in names}
    return Kind(Sort.OBJECT, fields=fields)


def _of_an_integer(value: int) -> Kind:
    if abs(value) <= _EXACT_IN_A_FLOAT:
        return Kind(Sort.INTEGER)
    return Kind(Sort.LONG) if -_MOST_IN_64_BITS <= value < _MOST_IN_64_BITS else ANYTHING


def _of_a_decimal(value: Decimal) -> Kind:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):  # infinite
        return ANYTHING
    return Kind(Sort.DECIMAL, digits=(max(len(digits) + exponent, 0), max(-exponent, 0)))


def _of_a_datetime(value: datetime) -> Kind:
    if value.utcoffset() is None:
        return Kind(Sort.DATETIME)
    return Kind(Sort.INSTANT) if _FIRST_SAFE_YEAR <= value.year <= _LAST_SAFE_YEAR else ANYTHING
