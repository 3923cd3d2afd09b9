"""The one writer of a process: what was asked for while it was busy it commits together, in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from aijobs_sdk.contract.errors import AIJobsError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import NewJob
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.sql.commands import Command, Create, Finish, Nothing
from aijobs_sdk.stores.sql.database import CHANNEL, RETRY_SECONDS, Database
from aijobs_sdk.stores.sql.database_error import DatabaseError
from aijobs_sdk.stores.sql.jobs_in_hand import JobInHand
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.threads import Threads
from aijobs_sdk.stores.sql.turns import turns
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork

T = TypeVar("T")
LARGEST_GROUP = 500
"""Commands in one transaction: enough to share the price of a commit, few enough to be over soon."""
MOST_KNOWN = 20_000
"""Unfinished jobs that the writer remembers instead of reading them again."""
TELL_SECONDS = 0.02
"""PostgreSQL wakes everybody who listens at each notification: a burst of commits is told of so often, no oftener."""
_NOTIFY = "SELECT pg_notify($1, $2)"


class Pending(NamedTuple):
    """A command, who waits for it, and what undoes it when nobody does any more."""

    command: Command[Any]
    reply: asyncio.Future[Any]
    undo: Callable[[Any], Command[Any]] | None


class Committed(NamedTuple):
    """What one transaction came to."""

    outcomes: Sequence[object | Exception]
    """Of each command: what it returned, or what it raised."""
    news: Sequence[tuple[JobRecord, Sequence[JobEvent]]]
    """Each job it touched, with what was added to the job's log."""
    others_wrote: bool
    """Whether another process may have written since the transaction before."""


class Writer:
    """Commits commands, group by group, in a thread of its own."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        published: Callable[[Committed], None],
        *,
        tells: bool = False,
    ) -> None:
        self._database = database
        self._now = now
        self._published = published
        self._tells = tells
        """Whether other processes wait to be told of what this one wrote."""
        self._told_at = -TELL_SECONDS
        self._owes_news = False
        self._thread = Threads(1, name="aijobs-writer")
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()
        self._known: dict[int, JobRecord] = {}

    async def do(self, command: Command[T], *, undo: Callable[[T], Command[Any]] | None = None) -> T:
        """Return what the command returns, once that is safe on disk.

        `undo` makes the command that takes it back, where the caller is gone before the answer came, or as it came.
        Whoever is cancelled returns when what has to be written nevertheless is safe: the loop may be ending.
        """
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = _Line()
        reply: asyncio.Future[T] = loop.create_future()
        line.waiting.append(Pending(command, reply, undo))
        self._keep_draining(line)
        try:
            return await reply
        except asyncio.CancelledError:
            if undo is not None and reply.done() and not reply.cancelled() and reply.exception() is None:
                await _outlasting_cancellation(self._write_unasked(line, undo(reply.result())))
            elif _is_written_anyway(command):
                await _outlasting_cancellation(self._write_unasked(line, Nothing()))  # behind it, and answered after it
            raise

    async def idle(self) -> None:
        """Return once nothing is waiting to be written."""
        line = self._lines.get(asyncio.get_running_loop())
        while line is not None and line.drain is not None and not line.drain.done():
            await asyncio.wait([line.drain])

    async def aclose(self) -> None:
        """Write what is waiting, and end the thread; the next command starts another."""
        await self.idle()
        if self._owes_news:
            self._told_at = -TELL_SECONDS
            await self.do(Nothing())
        await self._thread.aclose()

    def let_go(self) -> None:
        """End the thread when it has written what it was given."""
        self._thread.shutdown(wait=False)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Call the function where nothing is written meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def forget(self) -> None:
        """Read every job anew when it is worked on next: what is remembered of some is no longer so."""
        await self.in_thread(self._known.clear)

    def _keep_draining(self, line: _Line) -> None:
        if line.drain is None or line.drain.done():
            line.drain = asyncio.get_running_loop().create_task(self._drain(line))
            line.drain.add_done_callback(partial(self._go_on, line))

    def _go_on(self, line: _Line, drain: asyncio.Task[None]) -> None:
        # Cancelled before its first step, by a loop that ends, and still waits for whoever waits here.
        if drain.cancelled() and line.waiting:
            self._keep_draining(line)

    async def _drain(self, line: _Line) -> None:
        while line.waiting:
            group = [one for one in line.waiting[:LARGEST_GROUP] if _is_wanted(one)]
            del line.waiting[:LARGEST_GROUP]
            if not group:
                continue
            commit = asyncio.get_running_loop().run_in_executor(
                self._thread, partial(self._commit, [one.command for one in group], self._now())
            )
            await _outlasting_cancellation(commit)
            self._answer(line, group, commit)
        if self._owes_news:
            asyncio.get_running_loop().call_later(TELL_SECONDS, self._write_nothing, line)

    def _write_nothing(self, line: _Line) -> None:
        if self._owes_news and not line.waiting:
            self._write_unasked(line, Nothing())

    def _write_unasked(self, line: _Line, command: Command[Any]) -> asyncio.Future[Any]:
        written = asyncio.get_running_loop().create_future()
        written.add_done_callback(asyncio.Future.exception)  # nobody looks at it: what was not undone, a lease ends
        line.waiting.append(Pending(command, written, None))
        self._keep_draining(line)
        return written

    def _answer(self, line: _Line, group: Sequence[Pending], commit: asyncio.Future[Committed]) -> None:
        if (error := commit.exception()) is not None:
            for one in group:
                _settle(one, error)
            return
        done = commit.result()
        self._published(done)
        for one, outcome in zip(group, done.outcomes, strict=True):
            if not _settle(one, outcome) and one.undo is not None and not isinstance(outcome, Exception):
                self._write_unasked(line, one.undo(outcome))

    def _commit(self, commands: Sequence[Command[Any]], now: datetime) -> Committed:
        try:
            return self._insist(commands, now)
        except DatabaseError as error:
            if len(commands) == 1 or error.connection_lost or error.kept_out:
                raise
        except ValueError:  # such as of half a character, which no driver takes
            if len(commands) == 1:
                raise
        # One of them may be at fault: each in a transaction of its own, the others are safe from it.
        outcomes: list[object | Exception] = []
        news: list[tuple[JobRecord, Sequence[JobEvent]]] = []
        for command in commands:
            try:
                done = self._insist([command], now)
            except (DatabaseError, ValueError) as error:
                outcomes.append(error)
            else:
                outcomes += done.outcomes
                news += done.news
        return Committed(outcomes, news, others_wrote=True)

    def _insist(self, commands: Sequence[Command[Any]], now: datetime) -> Committed:
        """Commit, trying again what may pass."""
        again = False
        for wait in RETRY_SECONDS:
            try:
                return self._transaction(commands, now, again=again)
            except DatabaseError as error:
                if not (error.passing or error.connection_lost):
                    raise
                again = again or error.connection_lost
            time.sleep(wait)
        return self._transaction(commands, now, again=again)

    def _transaction(self, commands: Sequence[Command[Any]], now: datetime, *, again: bool) -> Committed:
        with self._database.writing() as session:
            others_wrote = again or self._others_wrote(session)
            if others_wrote:
                self._known.clear()
            work = UnitOfWork(session, now, known=self._known, again=again)
            # For everybody at once, and before the turns: all lock jobs in one order, so that no two wait in a ring.
            work.jobs.read(job_id for command in commands for job_id in command.jobs())
            outcomes = _outcomes(commands, work, session)
            work.complete()
            self._owes_news |= self._tells and bool(work.jobs.changed)
            if self._owes_news and time.monotonic() - self._told_at >= TELL_SECONDS:
                session.write(_NOTIFY, (CHANNEL, self._database.token))
                self._told_at, self._owes_news = time.monotonic(), False
        self._remember(work.jobs.changed)
        return Committed(outcomes, [(job.record, job.news) for job in work.jobs.changed], others_wrote)

    def others_wrote(self) -> bool:
        """Return whether another process has written to this SQLite file since the last look; call it in the thread."""
        with self._database.unbegun() as session:
            moved = self._others_wrote(session)
        if moved:
            self._known.clear()
        return moved

    def _others_wrote(self, session: Session) -> bool:
        if not self._database.is_sqlite:
            return False  # it is told; and every transaction reads anew what it works on
        # It moves when another connection commits. The watch, the transactions: all look on this one connection.
        # A new one, after a fork or a close, counts from a number of its own, and knows nothing of what went before.
        [(version,)] = session.read("PRAGMA data_version", ())
        seen = session.connection.info
        moved: bool = version != seen.get("data_version")
        seen["data_version"] = version
        return moved

    def _remember(self, changed: Sequence[JobInHand]) -> None:
        if not self._database.is_sqlite:
            return  # another process may change a job at any time, and only a lock says that it cannot
        for job in changed:
            if job.record.state.is_final:
                self._known.pop(job.record.job.id.int, None)
            else:
                self._known[job.record.job.id.int] = job.record
        if len(self._known) > MOST_KNOWN:
            self._known.clear()


class _Line:
    """Who waits on one event loop, and the task that serves them."""

    def __init__(self) -> None:
        self.waiting: list[Pending] = []
        self.drain: asyncio.Task[None] | None = None


def _is_wanted(one: Pending) -> bool:
    return not one.reply.cancelled() or _is_written_anyway(one.command)


def _is_written_anyway(command: Command[Any]) -> bool:
    # What an attempt came to is true, even when nobody waits to hear of it: the loop of its worker may be ending.
    return isinstance(command, Finish)


async def _outlasting_cancellation(written: asyncio.Future[Any]) -> None:
    # A loop that ends still waits for attempts to be given back, and they for this.
    while not written.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([written])


def _outcomes(commands: Sequence[Command[Any]], work: UnitOfWork, session: Session) -> Sequence[object | AIJobsError]:
    """Return what becomes of each command; in PostgreSQL one tenant's can neither see nor change another's rows."""
    if not session.has_wall:
        work.keys.take(_new_jobs(commands))
        return [_outcome(command, work) for command in commands]
    outcomes: dict[int, object | AIJobsError] = {}
    for tenant_id, places in turns(commands):
        session.hold_to(tenant_id)
        work.keys.take(_new_jobs(commands[place] for place in places))
        outcomes |= {place: _outcome(commands[place], work) for place in places}
        if tenant_id is not None:
            work.flush()  # while it is held to its tenant
    return [outcomes[place] for place in range(len(commands))]


def _new_jobs(commands: Iterable[Command[Any]]) -> Iterator[NewJob]:
    return (new for command in commands if isinstance(command, Create) for new in command.new)


def _outcome(command: Command[T], work: UnitOfWork) -> T | AIJobsError:
    try:
        return command.run(work)
    except AIJobsError as refusal:  # it concerns this command alone; the others are committed
        return refusal


def _settle(one: Pending, outcome: object | BaseException) -> bool:
    """Answer; return whether somebody still waits for it."""
    if one.reply.done():
        return False
    if isinstance(outcome, BaseException):
        one.reply.set_exception(outcome)
    else:
        one.reply.set_result(outcome)
    return True
