"""Who waits for what, and how they hear of it: of this process's commits at once, of others' by looking out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.job import JobState
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.signal import Signal
from aijobs_sdk.stores.sql.ends import Ends

Watch = Callable[[], AsyncGenerator[None]]
"""Yields whenever another process may have written something."""
PAUSE_SECONDS = 1.0
"""Until readers are told again, where the database was away."""


class Look(Protocol):
    """What the database says of jobs that somebody here waits for."""

    async def last_seqs(self, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how long their logs are; those that are gone have none."""
        ...

    async def ended(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        """Return those that are over, or gone."""
        ...


class Reader:
    """Somebody who follows the log of one job."""

    def __init__(self) -> None:
        self.last_seq = 0
        """How long the log is, as far as is known here."""
        self.longer = Signal()
        self.stirs = 0
        """How often somebody was sent to look, who may not have been waiting at that moment."""
        self.present = 0

    def learn(self, last_seq: int) -> None:
        """Take note that the log is at least so long."""
        if last_seq > self.last_seq:
            self.last_seq = last_seq
            self.longer.ring()

    def stir(self) -> None:
        """Send whoever reads to look again."""
        self.stirs += 1
        self.longer.ring()


class News:
    """The bells of one store."""

    def __init__(self, watch: Watch | None, *, forget: Callable[[], None], look: Look) -> None:
        self.may_have_work = False
        """Whether a job may have become claimable since somebody last looked."""
        self.limited_types: Collection[str] = ()
        """Of which only so many jobs may run at once: the end of one may make room for another."""
        self._watch = watch
        self._forget = forget
        self._look = look
        self.ends = Ends()
        self._claimable = Signal()
        self.schedule_changes = 0
        """How often a schedule may have changed."""
        self._scheduled = Signal()
        self._readers: dict[UUID, Reader] = {}
        self._watching: asyncio.Task[None] | None = None

    def publish(self, record: JobRecord) -> None:
        """Tell everybody here how a job now stands."""
        if self._readers and (reader := self._readers.get(record.job.id)) is not None:
            reader.learn(record.last_seq)
        if record.state.is_final:
            self.ends.tell(record.job)
        made_room = record.job.type in self.limited_types and record.state is not JobState.RUNNING
        if record.waiting or made_room:
            self.may_have_work = True
            self._claimable.ring()

    def stir(self) -> None:
        """Let everybody here look for themselves: another process may have written, or nobody can say."""
        self.may_have_work = True
        self._claimable.ring()
        self.schedules_changed()
        for reader in self._readers.values():
            reader.stir()
        self.ends.look(self.ends.ids)

    async def others_wrote(self) -> None:
        """Tell everybody here what another process may have written."""
        self.may_have_work = True
        self._claimable.ring()
        self.schedules_changed()
        followed = list(self._readers)
        try:
            last_seqs = await self._look.last_seqs(followed)
            ended = await self._look.ended(self.ends.ids)
        except StoreUnavailableError:
            self.stir()  # who looks learns what is wrong
            return
        for job_id in followed:
            if (reader := self._readers.get(job_id)) is None:
                continue
            if job_id in last_seqs:
                reader.learn(last_seqs[job_id])
            else:
                reader.stir()  # the job was purged
        self.ends.look(ended)

    def look_out(self) -> None:
        """From now on hear of what other processes write."""
        loop = asyncio.get_running_loop()
        lost = self._watching is None or self._watching.done() or self._watching.get_loop() is not loop
        if self._watch is not None and lost:
            self._forget()  # nobody knows what was written while nobody looked
            self._watching = loop.create_task(self._pass_on(self._watch()))

    def leases_taken(self) -> None:
        """Let those who wait beside the taker ask how long that may take now: they did not know of its leases."""
        if self._claimable.is_crowded:
            self._claimable.ring()

    def look_again(self) -> None:
        """Let those who wait for work ask how long that may take now."""
        self._claimable.ring()

    async def wait_for_work(self, timeout_seconds: float | None) -> None:
        """Return when there may be a job to claim, or after the time-out."""
        self.look_out()
        if not self.may_have_work:
            await self._claimable.wait(timeout_seconds)

    def schedules_changed(self) -> None:
        """Let those who wait for a schedule ask how long that may take now."""
        self.schedule_changes += 1
        self._scheduled.ring()

    async def wait_for_schedules(self, timeout_seconds: float | None, *, seen: int) -> None:
        """Return when there were more changes than were seen, or after the time-out."""
        self.look_out()
        if self.schedule_changes == seen:
            await self._scheduled.wait(timeout_seconds)

    @asynccontextmanager
    async def reader(self, job_id: UUID) -> AsyncGenerator[Reader]:
        """Hear of everything that is appended to a job's log from now on."""
        self.look_out()
        reader = self._readers.setdefault(job_id, Reader())
        reader.present += 1
        try:
            yield reader
        finally:
            reader.present -= 1
            if not reader.present:
                self._readers.pop(job_id, None)

    async def aclose(self) -> None:
        """Look out no more, and send away who waits: here nobody rings for them any longer."""
        self.stir()
        watching, self._watching = self._watching, None
        if watching is not None and not watching.done() and watching.get_loop() is asyncio.get_running_loop():
            watching.cancel()
            await asyncio.wait([watching])

    def stop_soon(self) -> None:
        """Look out no more: from any thread, and without waiting."""
        if self._watching is not None:
            with suppress(RuntimeError):  # its loop is closed
                self._watching.get_loop().call_soon_threadsafe(self._watching.cancel)

    async def _pass_on(self, changes: AsyncGenerator[None]) -> None:
        async with aclosing(changes):
            async for _ in changes:
                self._forget()
                await self._tell()

    async def _tell(self) -> None:
        while True:
            try:
                return await self.others_wrote()
            except StoreUnavailableError:
                await asyncio.sleep(PAUSE_SECONDS)
