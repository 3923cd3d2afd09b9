"""What the writer does for callers that go away."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aijobs_sdk.contract.job import JobQuery, JobStatus
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import NO_LIMITS, Done, Lease, Taker
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import queries
from aijobs_sdk.stores.sql.commands import Create, Finish, GiveBack, Nothing
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.database_error import DatabaseError
from aijobs_sdk.stores.sql.migrate import migrate
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.writer import Committed, Writer
from contract.new_jobs import new_job

CLOCK = SystemClock()
NEW = new_job(CLOCK)
CREATE = Create((NEW,), NO_LIMITS, Taker("w", {"test_job"}, 1, 30, 330))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'jobs.db'}")
    migrate(database)
    yield database
    database.close()


@pytest.mark.anyio
async def test_a_job_is_given_back_where_its_taker_is_cancelled_as_the_answer_comes(database: Database) -> None:
    def cancel(_: Committed) -> None:
        # Comes between the answer and the next step of who waits for it.
        asyncio.get_running_loop().call_soon(creating.cancel)

    writer = Writer(database, CLOCK.now, cancel)
    writing = writer.do(CREATE, undo=lambda created: GiveBack(tuple(one.lease for one in created.claims)))
    creating = asyncio.create_task(writing)
    await asyncio.wait([creating])
    job = database.read(queries.job, NEW.job.tenant_id, NEW.job.id)  # at once: the loop may end now
    assert job is not None
    assert (creating.cancelled(), job.worker_id, job.attempts) == (True, "w", 0)
    await writer.aclose()


class ForgetfulDatabase(Database):
    """Commits its first transaction, and says that the connection was lost."""

    forgets = True

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction."""
        with super().writing() as session:
            yield session
        if self.forgets:
            self.forgets = False
            raise DatabaseError(self.name, None, connection_lost=True)


@pytest.mark.anyio
async def test_nothing_is_made_twice_where_nobody_heard_of_the_end_of_a_transaction(database: Database) -> None:
    forgetful = ForgetfulDatabase(database.url.render_as_string())
    writer = Writer(forgetful, CLOCK.now, lambda _: None)
    keys = ("one", "one", "two", None)
    creating = [Create((new_job(CLOCK, idempotency_key=key),), NO_LIMITS) for key in keys]
    first, same, other, keyless = [made.jobs[0].id for made in await asyncio.gather(*map(writer.do, creating))]
    assert not forgetful.forgets
    assert first == same
    later = await writer.do(Create(tuple(new_job(CLOCK, idempotency_key=key) for key in ("one", "two")), NO_LIMITS))
    assert [job.id for job in later.jobs] == [first, other]
    await writer.aclose()
    page = database.read(queries.page, NEW.job.tenant_id, JobQuery(), None)
    assert {job.id for job in page.jobs} == {first, other, keyless}
    forgetful.close()


@pytest.mark.anyio
async def test_what_no_database_takes_harms_nobody_who_writes_at_the_same_time(database: Database) -> None:
    writer = Writer(database, CLOCK.now, lambda _: None)
    new = [new_job(CLOCK), new_job(CLOCK, idempotency_key="half a character: \ud800"), new_job(CLOCK)]
    made = [writer.do(Create((one,), NO_LIMITS)) for one in new]
    first, refused, last = await asyncio.gather(*made, return_exceptions=True)
    assert isinstance(refused, UnicodeEncodeError)
    page = database.read(queries.page, NEW.job.tenant_id, JobQuery(), None)
    assert {job.id for job in page.jobs} == {new[0].job.id, new[2].job.id}
    assert not [one for one in (first, last) if isinstance(one, BaseException)]
    await writer.aclose()


class FullDatabase(Database):
    """Takes nothing any more, once it is full."""

    is_full = False

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction.

        Raises:
            DatabaseError: it is full.
        """
        if self.is_full:
            raise DatabaseError(self.name, None)
        with super().writing() as session:
            yield session


@pytest.mark.anyio
async def test_nobody_is_told_by_python_of_what_could_not_be_written_at_the_end(database: Database) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    full = FullDatabase(database.url.render_as_string())
    writer = Writer(full, CLOCK.now, lambda _: None)
    [claim] = (await writer.do(CREATE)).claims
    full.is_full = True
    finishing = asyncio.create_task(writer.do(Finish(claim.lease, Done({}, Effects()))))
    await asyncio.sleep(0)
    finishing.cancel()
    await asyncio.wait([finishing])
    await writer.aclose()
    gc.collect()
    assert (finishing.cancelled(), told) == (True, [])
    full.close()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_what_an_attempt_came_to_is_written_by_a_program_that_ends(database: Database, steps: int) -> None:
    writer = Writer(database, CLOCK.now, lambda _: None)

    async def attempt(lease: Lease) -> None:
        await over.wait()
        await writer.do(Finish(lease, Done({}, Effects())))

    async def program() -> None:
        [claim] = (await writer.do(CREATE)).claims
        held.append(asyncio.create_task(attempt(claim.lease)))
        await asyncio.sleep(0)
        over.set()
        for _ in range(steps):
            await asyncio.sleep(0)

    over, held = asyncio.Event(), list[asyncio.Task[None]]()
    asyncio.run(program())
    job = database.read(queries.job, NEW.job.tenant_id, NEW.job.id)
    assert job is not None
    assert job.status is JobStatus.COMPLETED


def test_who_writes_while_a_program_ends_is_answered(database: Database) -> None:
    writer = Writer(database, CLOCK.now, lambda _: None)

    async def attempt() -> None:
        try:
            await over.wait()
        finally:
            await writer.do(Nothing())
            answered.set()

    async def program() -> None:
        held.append(asyncio.create_task(attempt()))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(at_last)

    def at_last() -> None:
        over.set()  # it goes on before the task that serves the next write takes its first step
        writer.do(Nothing()).send(None)

    over, answered, held = asyncio.Event(), asyncio.Event(), list[asyncio.Task[None]]()
    asyncio.run(program())
    assert answered.is_set()
