"""What is open behind a database's address in one process, and the two ways in: a read, and a command."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Literal, TypeVar, TypeVarTuple, Unpack
from uuid import UUID

from sqlalchemy import Connection

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.stores.sql import commands, queries
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate
from aijobs_sdk.stores.sql.news import News
from aijobs_sdk.stores.sql.recent_jobs import LONGEST_AT_HAND, RecentJobs
from aijobs_sdk.stores.sql.sessions import held_to
from aijobs_sdk.stores.sql.threads import Threads
from aijobs_sdk.stores.sql.trying import TryWriting
from aijobs_sdk.stores.sql.watch import watch
from aijobs_sdk.stores.sql.writer import Committed, Writer

T = TypeVar("T")
Asked = TypeVarTuple("Asked")
READERS = 2
"""Threads that read at the same time."""


class OpenDatabase:
    """The ground of a store: it opens at the first use, and again after a fork or a close."""

    def __init__(
        self, address: str, clock: Clock, *, shared: bool = True, synchronous: Literal["full", "normal"] = "full"
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._database = Database(address, synchronous=synchronous)
        try:
            migrate(self._database)
        finally:
            self._database.close()  # who opens a store need not use it, or close it
        self._open: _Open | None = None

    async def try_writing(self) -> None:
        """Return once something was written that leaves nothing behind."""
        await self._write(TryWriting())

    async def aclose(self) -> None:
        """Write what is waiting, then end every thread and connection; the next call starts new ones."""
        open_, self._open = self._here(), None
        self._dropped.detach()
        await open_.aclose()

    async def _forget_jobs(self) -> None:
        """Let go of what is at hand of jobs, some of which were changed by no command of their own."""
        open_ = self._here()
        await open_.writer.forget()
        open_.recent.clear()

    def _at_hand(self) -> RecentJobs:
        open_ = self._here()
        open_.news.look_out()
        open_.recent.forget_ended(self._clock.now() - LONGEST_AT_HAND)
        return open_.recent

    async def _write(
        self, command: commands.Command[T], *, undo: Callable[[T], commands.Command[Any]] | None = None
    ) -> T:
        return await self._here().writer.do(command, undo=undo)

    async def _read(self, query: Callable[[Connection, Unpack[Asked]], T], *asked: *Asked) -> T:
        return await self._here().read(query, *asked)

    async def _read_of(
        self, tenant_id: UUID, query: Callable[[Connection, UUID, Unpack[Asked]], T], *asked: *Asked
    ) -> T:
        """Return what a tenant's query returns; behind its wall it finds no others' rows."""

        def read(connection: Connection) -> T:
            with held_to(connection, tenant_id):
                return query(connection, tenant_id, *asked)

        return await self._read(read)

    def _here(self) -> _Open:
        """Return what is open in this process: the threads of a parent do not exist in its child."""
        if self._open is None or self._open.pid != os.getpid():
            self._open = _Open(self._database, self._clock, shared=self._shared)
            self._dropped = weakref.finalize(self, self._open.let_go)
            self._dropped.atexit = False  # what runs then is still to be given back
        return self._open


class _Open:
    """The threads and bells of a store in one process."""

    def __init__(self, database: Database, clock: Clock, *, shared: bool) -> None:
        self.pid = os.getpid()
        self._readers = Threads(READERS, name="aijobs-reader")
        self.recent = RecentJobs()
        self.writer = Writer(database, clock.now, self._publish, tells=shared and not database.is_sqlite)
        look = partial(watch, database, self.writer) if shared else None
        self.news = News(look, forget=self.recent.forget_unfinished, look=self)
        self._database = database

    async def read(self, query: Callable[[Connection, Unpack[Asked]], T], *asked: *Asked) -> T:
        """Return what the query returns."""
        read = partial(self._database.read, query, *asked)
        return await asyncio.get_running_loop().run_in_executor(self._readers, read)

    async def last_seqs(self, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how long the logs of these jobs are; those that are gone have none."""
        return await self.read(queries.last_seqs, job_ids) if job_ids else {}

    async def ended(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those of these jobs that are over, or gone."""
        return await self.read(queries.ended, job_ids) if job_ids else ()

    async def aclose(self) -> None:
        """Write what is waiting, and end every thread; one that reads for nobody any more still has a connection."""
        await self.news.aclose()
        await self.writer.aclose()
        await asyncio.get_running_loop().run_in_executor(self._readers, self._database.close_when_unused)
        await self._readers.aclose()

    def let_go(self) -> None:
        """End without waiting, and from any thread: what a store does that nobody holds any more."""
        if self.pid == os.getpid():
            self.news.stop_soon()
            self.writer.let_go()
            self._readers.submit(self._database.close_for_good)
            self._readers.shutdown(wait=False)

    def _publish(self, done: Committed) -> None:
        if done.others_wrote:
            self.recent.forget_unfinished()
            self.news.stir()  # the watch will not see it any more: the transaction did
        for record, events in done.news:
            self.recent.add(record, events)
            self.news.publish(record)
