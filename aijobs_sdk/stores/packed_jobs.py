"""Jobs that are over, in plain values: the record of each, and its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain, count, islice
from operator import attrgetter
from typing import Any, Final, get_args, get_type_hints
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.packing import Packing, Plain, Row

_job = Packing(Job)
_rest = Row({name: kind for name, kind in get_type_hints(JobRecord).items() if name != "job"})


def pack_record(record: JobRecord) -> Plain:
    """Return all that a store keeps about a job, without its log."""
    job, *rest = record
    return *_job.pack(job), *_rest.pack(rest)


def unpack_record(plain: Plain) -> JobRecord:
    """Return the record that was packed."""
    return JobRecord(_job.unpack(plain[: _job.size]), **_rest.unpack(plain[_job.size :]))


_GOES_WITHOUT_SAYING: Final = {"job_id", "seq"}
_EVENTS: Final[Sequence[type[JobEvent]]] = get_args(JobEvent)


class _EventPacking:
    """How events of one kind are packed."""

    def __init__(self, kind: type[JobEvent], number: int) -> None:
        hints = get_type_hints(kind)
        names = [one.name for one in fields(kind) if one.name not in _GOES_WITHOUT_SAYING]
        self._kind = kind
        self._number = number
        self._row = Row({name: hints[name] for name in names})
        self._values = attrgetter(*names)

    def pack(self, event: JobEvent) -> list[Any]:
        """Return of which kind the event is, and what it says."""
        return [self._number, *self._row.pack(self._values(event))]

    def unpack(self, plain: Iterator[Any], job_id: UUID, seq: int) -> JobEvent:
        """Return the event that says what comes next."""
        said = list(islice(plain, len(self._row.names)))
        return self._kind(job_id=job_id, seq=seq, **self._row.unpack(said))


_packings: Final = [_EventPacking(kind, n) for n, kind in enumerate(_EVENTS)]
_packing_of: Final = dict(zip(_EVENTS, _packings, strict=True))


def pack_log(log: Iterable[JobEvent]) -> Plain:
    """Return a job's whole log: whose it is, and the numbers of its events, go without saying."""
    return tuple(chain.from_iterable([_packing_of[type(event)].pack(event) for event in log]))


def unpack_log(plain: Plain, job_id: UUID) -> list[JobEvent]:
    """Return the log that was packed."""
    rest = iter(plain)  # from which each event takes what is its own
    return [_packings[kind].unpack(rest, job_id, seq) for seq, kind in zip(count(1), rest)]
