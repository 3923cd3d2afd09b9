"""A connection that the server ends in the middle of a query."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import text

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.database_error import DatabaseError
from aijobs_sdk.stores.sql.postgres import patience
from aijobs_sdk.stores.sql.postgres.notifications import listen
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.sessions import session_on, wait_for_ever
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import US, new_job
from contract.test_store_batches import a_batch
from contract.test_store_schedules import a_schedule


def test_whoever_reads_is_told_once_and_the_application_gets_no_traceback(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(postgres_url)
    caplog.set_level(logging.WARNING)
    with pytest.raises(StoreUnavailableError, match="terminating connection"), database.reading() as connection:
        session_on(connection).read("SELECT pg_terminate_backend(pg_backend_pid())", ())
    assert caplog.records == []
    with database.reading() as connection:
        assert session_on(connection).read("SELECT 1", ()) == [(1,)]
    database.close()


def test_a_connection_that_is_lost_to_a_purge_or_a_migration_is_told_as_lost(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(DatabaseError, match="terminating connection") as lost, database.writing() as session:
        session.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert lost.value.connection_lost
    with database.writing() as session:
        assert session.read("SELECT 1", ()) == [(1,)]
    database.close()


@pytest.mark.parametrize(("options", "seconds"), [("", 20), ("?tcp_user_timeout=3000&connect_timeout=60", 3)])
def test_a_network_that_has_gone_silent_is_waited_for_as_long_as_the_address_says(
    postgres_url: str, options: str, seconds: int
) -> None:
    database = Database(postgres_url + options)
    with database.reading() as connection:
        raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        with socket.socket(fileno=os.dup(raw.fileno())) as beneath:
            assert beneath.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * seconds
            assert beneath.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        assert raw.info.get_parameters()["connect_timeout"] == ("60" if options else "5")
    database.close()


@pytest.mark.anyio
async def test_whoever_listens_reaches_the_server_as_whoever_reads_does(postgres_url: str) -> None:
    server, _, name = postgres_url.rpartition("/")
    host = server.rpartition("@")[2]
    changes = listen(Database(f"postgresql://postgres@/{name}?host={host}&host={host}&application_name=hears"))
    await anext(changes)
    with psycopg.connect(postgres_url) as connection:
        heard = connection.execute("SELECT query FROM pg_stat_activity WHERE application_name = 'hears'").fetchall()
    await changes.aclose()
    assert heard == [("LISTEN aijobs",)]


@pytest.fixture
def lost_answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As many transactions as are named here will be committed without our hearing of it."""
    lost: list[str] = []
    writing = Database.writing

    @contextmanager
    def writing_unheard(self: Database) -> Iterator[Session]:
        with writing(self) as session:
            yield session
        if lost:
            raise DatabaseError(self.name, psycopg.OperationalError(lost.pop()), connection_lost=True)

    monkeypatch.setattr(Database, "writing", writing_unheard)
    return lost


@pytest.mark.anyio
async def test_what_was_claimed_when_the_answer_was_lost_is_claimed_again_at_no_cost(
    database_url: str, lost_answers: list[str]
) -> None:
    store = SqlStore(database_url, SystemClock())
    [job] = (await store.create([new_job(SystemClock(), max_attempts=1)])).jobs
    lost_answers.append("the connection was lost")
    [claim] = await store.claim("w", {"test_job": None}, limit=5, lease_seconds=30, hard_limit_seconds=330)
    assert (claim.job.id, claim.job.attempts, lost_answers) == (job.id, 1, [])
    events = await store.events(job.tenant_id, job.id, after=0)
    assert [event.kind for event in events] == ["accepted", "started", "released", "started"]
    await store.aclose()


@pytest.mark.anyio
async def test_what_was_deleted_when_the_answer_was_lost_was_there(database_url: str, lost_answers: list[str]) -> None:
    clock = SystemClock()
    store = SqlStore(database_url, clock)
    await store.put_schedule(a_schedule(clock))
    batch = await store.open_batch(a_batch(clock))
    lost_answers.append("the connection was lost")
    assert await store.delete_schedule(US, "nightly")
    lost_answers.append("the connection was lost")
    assert await store.delete_batch(US, batch.id)
    assert (await store.schedules(US), await store.batches(US), lost_answers) == ([], [], [])
    await store.aclose()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_answer_a_write_is_not_waited_for_without_end(postgres_url: str) -> None:
    """Its network is up all the same, as with a proxy that is held up: no time limit of TCP is of any help."""
    database = Database(postgres_url)
    with (
        pytest.raises(DatabaseError, match=r"no answer within 0\.2 s\. See that") as lost,
        database.writing() as session,
    ):
        session.read("SELECT pg_sleep(60)", ())
    assert lost.value.connection_lost
    with database.writing() as session:
        assert session.read("SELECT 1", ()) == [(1,)]
    database.close()


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_answer_a_question_is_not_waited_for_without_end(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(DatabaseError, match="no answer within") as lost, database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    assert lost.value.connection_lost
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


@pytest.mark.usefixtures("impatient")
def test_a_migration_may_take_its_time(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.writing() as session:
        wait_for_ever(session.connection)
        assert session.read("SELECT pg_sleep(0.5)", ())
    database.close()


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_whoever_listens_does_not_wait_for_an_answer_without_end(postgres_url: str) -> None:
    connection = await patience.PatientListener.connect(postgres_url, autocommit=True)
    with pytest.raises(psycopg.OperationalError):
        await connection.execute("SELECT pg_sleep(60)")
    assert connection.closed
