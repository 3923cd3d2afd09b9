"""Facts in few bytes, for the process that packed them: values without names, ids as numbers.

At half the price of pickling the facts themselves, and in a third to two thirds of the bytes.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, TypeVar, get_args
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.engine.record import JobRecord

F = TypeVar("F", bound=Fact)

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return an instant as a number that sorts alike."""
    return (at - _START) // _MICROSECOND


class Packing(Generic[F]):
    """How facts of one kind are packed."""

    def __init__(self, kind: type[F]) -> None:
        self._names = tuple(kind.model_fields)
        self._ids = tuple(n for n, one in enumerate(kind.model_fields.values()) if _is_id(one.annotation))
        self._values = itemgetter(*self._names)
        self._make = unchecked(kind)

    def pack(self, fact: F) -> bytes:
        """Return the fact in bytes."""
        return pickle.dumps(self.values(fact), pickle.HIGHEST_PROTOCOL)

    def unpack(self, packed: bytes) -> F:
        """Return the fact that was packed."""
        return self.fact(pickle.loads(packed))  # noqa: S301 - what this process packed

    def values(self, fact: F) -> list[Any]:
        """Return what the fact says, by place."""
        values = list(self._values(fact.__dict__))
        for place in self._ids:
            if values[place] is not None:
                values[place] = values[place].int
        return values

    def fact(self, values: list[Any]) -> F:
        """Return the fact that says this."""
        for place in self._ids:
            if values[place] is not None:
                values[place] = UUID(int=values[place])
        return self._make(**dict(zip(self._names, values, strict=True)))


def _is_id(annotation: object) -> bool:
    return annotation is UUID or UUID in get_args(annotation)


_job = Packing(Job)


def pack_record(record: JobRecord) -> bytes:
    """Return all that a store keeps about a job, without its log, in bytes."""
    return pickle.dumps((_job.values(record.job), *record[1:]), pickle.HIGHEST_PROTOCOL)


def unpack_record(packed: bytes) -> JobRecord:
    """Return the record that was packed."""
    job, *rest = pickle.loads(packed)  # noqa: S301 - what this process packed
    return JobRecord(_job.fact(job), *rest)


_EVENTS: Final[Sequence[type[JobEvent]]] = get_args(JobEvent)
_NAMES: Final = [tuple(one.name for one in fields(kind) if one.name not in {"job_id", "seq"}) for kind in _EVENTS]
_VALUES: Final = {kind: (n, attrgetter(*_NAMES[n])) for n, kind in enumerate(_EVENTS)}


def pack_log(log: Iterable[JobEvent]) -> bytes:
    """Return a job's whole log in bytes: whose it is, and the numbers of its events, go without saying."""
    return pickle.dumps([_packed(event) for event in log], pickle.HIGHEST_PROTOCOL)


def unpack_log(packed: bytes, job_id: UUID) -> list[JobEvent]:
    """Return the log that was packed."""
    events = pickle.loads(packed)  # noqa: S301 - what this process packed
    return [_unpacked(n, values, job_id, seq) for seq, (n, values) in enumerate(events, start=1)]


def _packed(event: JobEvent) -> tuple[int, tuple[Any, ...]]:
    n, values = _VALUES[type(event)]
    return n, values(event)


def _unpacked(n: int, values: tuple[Any, ...], job_id: UUID, seq: int) -> JobEvent:
    return _EVENTS[n](job_id=job_id, seq=seq, **dict(zip(_NAMES[n], values, strict=True)))
