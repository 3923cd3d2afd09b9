"""Facts as plain values, of which garbage collection keeps no track: ids as numbers, words and amounts as text.

What several facts say, such as an answer's text, they share. Only what holds values of its own, such as a payload, is
pickled, which would cost ten times as much for all of it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar, get_args, get_origin
from uuid import UUID

from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.contract.word import Word

F = TypeVar("F", bound=Fact)

Plain = tuple[Any, ...]
"""What something says, by place. It is flat: of tuples in it the collector lets go one collection later."""

_PLAIN: Final = {str, int, float, bool, datetime, NoneType}
"""Kinds of values that stand for themselves."""
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return an instant as a number that sorts alike."""
    return (at - _START) // _MICROSECOND


def to_bytes(plain: Plain) -> bytes:
    """Return it in bytes, for this process alone."""
    return pickle.dumps(plain, pickle.HIGHEST_PROTOCOL)


def from_bytes(data: bytes) -> Plain:
    """Return what these bytes were made of."""
    plain: Plain = pickle.loads(data)  # noqa: S301 - what this process packed
    return plain


class Row:
    """Values by name, and which of them are packed as something plainer."""

    def __init__(self, annotations: Mapping[str, object]) -> None:
        self.names = tuple(annotations)
        forms = [_form(annotation) for annotation in annotations.values()]
        self._forms = [(place, *form) for place, form in enumerate(forms) if form is not None]

    def pack(self, values: Iterable[Any]) -> list[Any]:
        """Return these values, which are in the order of the names, as plain ones."""
        plain = list(values)
        for place, form_of, _ in self._forms:
            if plain[place] is not None:
                plain[place] = form_of(plain[place])
        return plain

    def unpack(self, plain: Sequence[Any]) -> dict[str, Any]:
        """Return what was packed, by name."""
        values = list(plain)
        for place, _, value_of in self._forms:
            if values[place] is not None:
                values[place] = value_of(values[place])
        return dict(zip(self.names, values, strict=True))


class _Form(NamedTuple):
    """What stands in for a value."""

    of_value: Callable[[Any], Any]
    value_of: Callable[[Any], Any]


_NUMBER: Final = _Form(attrgetter("int"), lambda number: UUID(int=number))
_DIGITS: Final = _Form(str, Decimal)
_PICKLE: Final = _Form(
    partial(pickle.dumps, protocol=pickle.HIGHEST_PROTOCOL),
    pickle.loads,
)


def _form(annotation: object) -> _Form | None:
    """Return what stands in for such a value, where it is not None; None where it stands for itself."""
    forms = [_form_of_kind(kind) for kind in _kinds(annotation)]
    return _PICKLE if _PICKLE in forms else next(filter(None, forms), None)


def _form_of_kind(kind: Any) -> _Form | None:  # noqa: ANN401 - a type, or what typing has in place of one
    if kind is UUID:
        return _NUMBER
    if kind is Decimal:  # of which Python 3.13 keeps track
        return _DIGITS
    if isinstance(kind, type) and issubclass(kind, Word):
        return _Form(attrgetter("value"), kind)
    return None if kind in _PLAIN or get_origin(kind) is Literal else _PICKLE


def _kinds(annotation: object) -> tuple[Any, ...]:
    """Return what a value may be: more than one thing where it may be None."""
    return get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)


class Packing(Generic[F]):
    """How facts of one kind are packed."""

    def __init__(self, kind: type[F]) -> None:
        self.size = len(kind.model_fields)
        """How many values that are."""
        self._row = Row({name: field.annotation for name, field in kind.model_fields.items()})
        self._values = itemgetter(*self._row.names)
        self._make = unchecked(kind)

    def pack(self, fact: F) -> list[Any]:
        """Return what the fact says."""
        return self._row.pack(self._values(fact.__dict__))

    def unpack(self, plain: Sequence[Any]) -> F:
        """Return the fact that says this."""
        return self._make(**self._row.unpack(plain))
