"""Jobs in the order of their age: a page of them is found without a walk past all that are newer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator

from aijobs_sdk.stores.entry import Entry


class ByAge:
    """Some jobs, the oldest first."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Add the newest."""
        self._entries.append(entry)

    def older_than(self, age: int) -> Iterator[Entry]:
        """Yield those that are older, the newest of them first."""
        for place in range(bisect_left(self._entries, age, key=_age) - 1, -1, -1):
            yield self._entries[place]

    def remove(self, gone: Collection[Entry]) -> None:
        """Take some out; only what lies between the oldest and the newest of them is walked through."""
        start = bisect_left(self._entries, min(map(_age, gone)), key=_age)
        end = bisect_right(self._entries, max(map(_age, gone)), key=_age)
        wanted = set(gone)
        self._entries[start:end] = [entry for entry in self._entries[start:end] if entry not in wanted]


def _age(entry: Entry) -> int:
    return entry.ordinal
