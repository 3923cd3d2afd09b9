"""Stores that note what they are asked: a difference in what is done is a difference in time, and can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aijobs_sdk.contract.store import Store
from aijobs_sdk.stores.sql.store import SqlStore

_trips: ContextVar[list[str] | None] = ContextVar("_trips", default=None)


def note_trip(name: str) -> None:
    if (noted := _trips.get()) is not None:
        noted.append(name)


class Watched:
    """A store that notes what it is asked, where somebody takes notes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        note_trip(name)
        return getattr(self._store, name)


class WatchedSqlStore(SqlStore):
    """Notes each trip to the database as well: what it has at hand is faster."""

    async def _read(self, query: Any, *asked: Any) -> Any:  # type: ignore[override]
        note_trip("a trip to read")
        return await super()._read(query, *asked)

    async def _write(self, command: Any, *, undo: Any = None) -> Any:
        note_trip("a trip to write")
        return await super()._write(command, undo=undo)


@contextmanager
def trips_noted() -> Iterator[list[str]]:
    noted: list[str] = []
    token = _trips.set(noted)
    try:
        yield noted
    finally:
        _trips.reset(token)
