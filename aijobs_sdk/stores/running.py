"""Jobs in the hands of workers: how many there are of each type, and whose lease or time has run out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from aijobs_sdk.contract.store import Accepts, Lease
from aijobs_sdk.engine.lease import is_lost
from aijobs_sdk.stores.entry import Entry

NEVER = datetime.max.replace(tzinfo=UTC)


class Ends(NamedTuple):
    """Which running jobs are past the end of their lease or their hard limit, and when the next may be."""

    past: Sequence[Entry]
    next_at: datetime


class Running:
    """The running jobs, in the order of their claims."""

    def __init__(self) -> None:
        self._entries: dict[Entry, None] = {}
        self._of_type: Counter[str] = Counter()
        self._next_end = NEVER
        """Nobody's lease or time runs out before."""

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def add(self, entry: Entry) -> None:
        """Note that a job was claimed."""
        self._entries[entry] = None
        self._of_type[entry.record.job.type] += 1
        self._next_end = min(self._next_end, entry.record.ends_by or NEVER)

    def remove(self, entry: Entry) -> None:
        """Note that a job runs no more."""
        del self._entries[entry]
        self._of_type[entry.record.job.type] -= 1

    def open_types(self, accepts: Accepts) -> list[str]:
        """Return the types of which another job may start."""
        return [name for name, most in accepts.items() if most is None or self._of_type[name] < most]

    def lost(self, now: datetime, holding: Collection[Lease]) -> list[Entry]:
        """Return the jobs that nobody will end."""
        return [entry for entry in self._entries if is_lost(entry.record, now, holding)]

    def ends(self, now: datetime) -> Ends:
        """Return who is past the end; looking costs something only when somebody may be."""
        if now < self._next_end:
            return Ends((), self._next_end)
        ends = [(entry, entry.record.ends_by or NEVER) for entry in self._entries]
        past = [entry for entry, end in ends if end <= now]
        next_at = min((end for _, end in ends if end > now), default=NEVER)
        if not past:
            self._next_end = next_at
        return Ends(past, next_at)
