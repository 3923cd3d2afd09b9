"""Facts as tuples of plain values, of which garbage collection keeps no track: ids as numbers, words as text.

What several facts say, such as an answer's text, they share. Only what holds values of its own, such as a payload, is
pickled, which would cost ten times as much for all of it.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.contract.word import Word
from aijobs_sdk.engine.record import JobRecord

F = TypeVar("F", bound=Fact)
T = TypeVar("T")

Plain = tuple[Any, ...]
"""What something says, by place."""

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


class _Row:
    """Values by name, and which of them are packed as something plainer."""

    def __init__(self, annotations: Mapping[str, object]) -> None:
        self.names = tuple(annotations)
        kinds = [_kinds(annotation) for annotation in annotations.values()]
        self._ids = [place for place, some in enumerate(kinds) if UUID in some]
        self._words = [(place, one) for place, some in enumerate(kinds) for one in some if _is_word(one)]
        self._deep = [place for place, some in enumerate(kinds) if not all(map(_is_plain, some))]

    def pack(self, values: Iterable[Any]) -> Plain:
        """Return these values, which are in the order of the names."""
        plain = list(values)
        for place in self._ids:
            if plain[place] is not None:
                plain[place] = plain[place].int
        for place, _ in self._words:
            plain[place] = plain[place].value
        for place in self._deep:
            if plain[place] is not None:
                plain[place] = pickle.dumps(plain[place], pickle.HIGHEST_PROTOCOL)
        return tuple(plain)

    def unpack(self, plain: Plain) -> dict[str, Any]:
        """Return what was packed, by name."""
        values = list(plain)
        for place in self._ids:
            if values[place] is not None:
                values[place] = UUID(int=values[place])
        for place, word in self._words:
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
        self._row = _Row({name: field.annotation for name, field in kind.model_fields.items()})
        self._values = itemgetter(*self._row.names)
        self._make = unchecked(kind)

    def pack(self, fact: F) -> Plain:
        """Return what the fact says."""
        return self._row.pack(self._values(fact.__dict__))

    def unpack(self, plain: Plain) -> F:
        """Return the fact that says this."""
        return self._make(**self._row.unpack(plain))


_job = Packing(Job)
_rest = _Row({name: kind for name, kind in get_type_hints(JobRecord).items() if name != "job"})


def pack_record(record: JobRecord) -> Plain:
    """Return all that a store keeps about a job, without its log."""
    job, *rest = record
    return _job.pack(job), _rest.pack(rest)


def unpack_record(plain: Plain) -> JobRecord:
    """Return the record that was packed."""
    job, rest = plain
    return JobRecord(_job.unpack(job), **_rest.unpack(rest))


_GOES_WITHOUT_SAYING: Final = {"job_id", "seq"}
_EVENTS: Final[Sequence[type[JobEvent]]] = get_args(JobEvent)


class _EventPacking:
    """How events of one kind are packed."""

    def __init__(self, kind: type[JobEvent], number: int) -> None:
        hints = get_type_hints(kind)
        names = [one.name for one in fields(kind) if one.name not in _GOES_WITHOUT_SAYING]
        self._kind = kind
        self._number = number
        self._row = _Row({name: hints[name] for name in names})
        self._values = attrgetter(*names)

    def pack(self, event: JobEvent) -> Plain:
        """Return what the event says, and of which kind it is."""
        return self._number, self._row.pack(self._values(event))

    def unpack(self, plain: Plain, job_id: UUID, seq: int) -> JobEvent:
        """Return the event that says this."""
        return self._kind(job_id=job_id, seq=seq, **self._row.unpack(plain))


_packings: Final = [_EventPacking(kind, n) for n, kind in enumerate(_EVENTS)]
_packing_of: Final = dict(zip(_EVENTS, _packings, strict=True))


def pack_log(log: Iterable[JobEvent]) -> Plain:
    """Return a job's whole log: whose it is, and the numbers of its events, go without saying."""
    return tuple([_packing_of[type(event)].pack(event) for event in log])


def unpack_log(plain: Plain, job_id: UUID) -> list[JobEvent]:
    """Return the log that was packed."""
    return [_packings[n].unpack(said, job_id, seq) for seq, (n, said) in enumerate(plain, start=1)]
