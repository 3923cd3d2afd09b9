"""All that the memory store has about one job."""

from __future__ import annotations

from dataclasses import dataclass, field

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.packed_jobs import pack_log, pack_record, unpack_log, unpack_record
from aijobs_sdk.stores.packing import Plain
from aijobs_sdk.stores.signal import Signal


@dataclass(slots=True, eq=False)
class Entry:
    """One job: its record, its log, and who waits for either."""

    _record: JobRecord | Plain
    ordinal: int
    """Its age: lower is older."""
    _log: list[JobEvent] | Plain = field(default_factory=list)
    queued: bool = False
    readers: Signal | None = None
    end: Signal | None = None
    """Rings once, for those who wait for the end alone: the events before it wake nobody for nothing."""

    @property
    def record(self) -> JobRecord:
        """How the job stands."""
        record = self._record
        if not isinstance(record, JobRecord):
            record = self._record = unpack_record(record)
        return record

    @record.setter
    def record(self, record: JobRecord) -> None:
        self._record = record

    @property
    def log(self) -> list[JobEvent]:
        """What happened to it, dense from 1, so that the event `seq` stands at place `seq - 1`."""
        log = self._log
        if not isinstance(log, list):
            log = self._log = unpack_log(log, self.record.job.id)
        return log

    def pack(self) -> None:
        """Keep it in values that garbage collection keeps no track of, until somebody asks: it changes no more."""
        self._record, self._log = self.packed()

    def packed(self) -> tuple[Plain, Plain]:
        """Return its record and its log in these values."""
        record, log = self._record, self._log
        return (
            pack_record(record) if isinstance(record, JobRecord) else record,
            pack_log(log) if isinstance(log, list) else log,
        )

    async def wait_for_end(self) -> None:
        """Return as soon as the job, which is not over, is."""
        if self.end is None:
            self.end = Signal()
        await self.end.wait()

    def tell_of_end(self) -> None:
        """Wake who waits for the end."""
        if self.end is not None:
            self.end.ring()
            self.end = None

    async def wait_longer_than(self, seen: int) -> None:
        """Return as soon as the log has more than `seen` events."""
        if len(self.log) > seen:
            return
        readers = self.readers = self.readers or Signal()
        try:
            await readers.wait()
        finally:
            if readers.deserted and self.readers is readers:  # others may wait for a newer one
                self.readers = None
