"""A dataclass of the caller's in a cell: its sets are in order, so that its text is the same in each process."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class _InOrder(frozenset[object]):
    """A set that is written in the order of its items: its own hangs on the process."""

    def __iter__(self) -> Iterator[object]:
        return iter(sorted(super().__iter__(), key=repr))

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self else "set()"


def in_order(value: object) -> object:
    """Return a dataclass with all sets in it in order, and anything else as it is; so, too, one that holds itself."""
    try:
        return _in_order(value) if is_dataclass(value) else value
    except RecursionError:
        return value


def _in_order(value: object) -> object:
    kind = type(value)  # a subclass may be written in another way
    if kind is set or kind is frozenset:
        return _InOrder(map(_in_order, cast("AbstractSet[object]", value)))
    if kind is list or kind is tuple:
        return kind(map(_in_order, cast("Sequence[object]", value)))
    if kind is dict:
        return {key: _in_order(held) for key, held in cast("dict[object, object]", value).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _with_fields_in_order(value)
    return value


def _with_fields_in_order(value: DataclassInstance) -> object:
    changed = copy.copy(value)
    for field in fields(value):
        if hasattr(value, field.name):
            object.__setattr__(changed, field.name, _in_order(getattr(value, field.name)))  # it may be frozen
    return changed
