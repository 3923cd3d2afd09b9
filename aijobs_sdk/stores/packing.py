"""Facts as plain values, of which garbage collection keeps no track: ids as numbers, words as text.

What several facts say, such as an answer's text, they share. Only what holds values of its own, such as a payload, is
pickled, which would cost ten times as much for all of it.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from types import NoneType, UnionType
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin
from uuid import UUID

from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.contract.word import Word

F = TypeVar("F", bound=Fact)

Plain = tuple[Any, ...]
"""What something says, by place. It is flat: of tuples in it the collector lets go one collection later."""

_PLAIN: Final = {str, int, float, bool, Decimal, datetime, UUID, NoneType}
"""Kinds of values that hold no others, once an id is a number."""
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
        kinds = [_kinds(annotation) for annotation in annotations.values()]
        self._ids = [place for place, some in enumerate(kinds) if UUID in some]
        self._words = [(place, one) for place, some in enumerate(kinds) for one in some if _is_word(one)]
        self._deep = [place for place, some in enumerate(kinds) if not all(map(_is_plain, some))]

    def pack(self, values: Iterable[Any]) -> list[Any]:
        """Return these values, which are in the order of the names, as plain ones."""
        plain = list(values)
        for place in self._ids:
            if plain[place] is not None:
                plain[place] = plain[place].int
        for place, _ in self._words:
            if plain[place] is not None:
                plain[place] = plain[place].value
        for place in self._deep:
            if plain[place] is not None:
                plain[place] = pickle.dumps(plain[place], pickle.HIGHEST_PROTOCOL)
        return plain

    def unpack(self, plain: Sequence[Any]) -> dict[str, Any]:
        """Return what was packed, by name."""
        values = list(plain)
        for place in self._ids:
            if values[place] is not None:
                values[place] = UUID(int=values[place])
        for place, word in self._words:
            if values[place] is not None:
                values[place] = word(values[place])
        for place in self._deep:
            if values[place] is not None:
                values[place] = pickle.loads(values[place])  # noqa: S301 - what this process packed
        return dict(zip(self.names, values, strict=True))


def _kinds(annotation: object) -> tuple[Any, ...]:
    """Return what a value may be: more than one thing where it may be None."""
    return get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)


def _is_word(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Word)


def _is_plain(kind: object) -> bool:
    return kind in _PLAIN or get_origin(kind) is Literal or _is_word(kind)


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
