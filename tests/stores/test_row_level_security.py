"""PostgreSQL's own wall between tenants, for an ordinary role: it holds where a query forgets to say whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, SmallInteger, Table, Text, insert, text
from sqlalchemy.exc import DBAPIError

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.engine.lifecycle import RequestCancel
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.column_types import Amount, Identifier, Instant
from aijobs_sdk.stores.sql.commands import Cancel
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate
from aijobs_sdk.stores.sql.store import SqlStore
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork
from contract.new_jobs import new_job
from contract.places import owned_by_an_ordinary_role
from services.postgres import PostgresServer

US, THEM = UUID(int=1), UUID(int=2)
VALUES: dict[type, object] = {
    Amount: Decimal(1),
    BigInteger: 1,
    Boolean: False,
    Identifier: UUID(int=3),
    Instant: datetime(2026, 1, 2, tzinfo=UTC),
    Integer: 1,
    SmallInteger: 1,
    Text: "ready",
}
TABLES = [table for table in schema.metadata.tables.values() if table is not schema.marks]  # they are nobody's
CHANGEABLE = [table for table in TABLES if table is not schema.lineage]  # it refuses whoever asks
every_table = pytest.mark.parametrize("table", TABLES, ids=str)


def value_for(column: Column[Any]) -> object:
    if column.name == "tenant_id":
        return US
    return None if column.nullable else VALUES[type(column.type)]


def insert_ours(table: Table, connection: Connection) -> None:
    connection.execute(insert(table).values({column.name: value_for(column) for column in table.c}))


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> str:
    return owned_by_an_ordinary_role(postgres_server.new_database())


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    """A database of an ordinary role, with one row of ours in each table."""
    opened = Database(url)
    migrate(opened)
    with opened.reading() as connection:
        for table in TABLES:
            insert_ours(table, connection)
    yield opened
    opened.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A transaction that is undone."""
    with database.reading() as opened:
        opened.exec_driver_sql("BEGIN")
        yield opened
        opened.exec_driver_sql("ROLLBACK")


def hold(connection: Connection, setting: object) -> None:
    connection.execute(text("SELECT set_config('aijobs.tenant_id', :setting, true)"), {"setting": str(setting)})


def rows_in(table: Table, connection: Connection) -> int:
    return len(connection.exec_driver_sql(f"SELECT * FROM {table}").all())


@every_table
def test_whoever_is_held_to_another_tenant_sees_none_of_our_rows(table: Table, connection: Connection) -> None:
    hold(connection, THEM)
    assert rows_in(table, connection) == 0


@pytest.mark.parametrize("table", CHANGEABLE, ids=str)
@pytest.mark.parametrize("change", ["DELETE FROM {0}", "UPDATE {0} SET {1} = {1}"], ids=["delete", "update"])
def test_whoever_is_held_to_another_tenant_changes_none_of_our_rows(
    table: Table, change: str, connection: Connection
) -> None:
    hold(connection, THEM)
    assert connection.exec_driver_sql(change.format(table, next(iter(table.c)).name)).rowcount == 0


@every_table
def test_whoever_is_held_to_another_tenant_adds_no_row_of_ours(table: Table, connection: Connection) -> None:
    hold(connection, THEM)
    with pytest.raises(DBAPIError) as refused:
        insert_ours(table, connection)
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@every_table
@pytest.mark.parametrize("setting", [US, ""], ids=["ours", "everybody's"])
def test_our_rows_are_seen_by_ourselves_and_by_the_engine(
    table: Table, setting: object, connection: Connection
) -> None:
    hold(connection, setting)
    assert rows_in(table, connection) == 1


def test_what_is_nobodys_is_seen_and_changed_by_the_engine_alone(connection: Connection) -> None:
    insert_ours(schema.marks, connection)
    assert rows_in(schema.marks, connection) == 1
    hold(connection, US)
    assert rows_in(schema.marks, connection) == 0
    with pytest.raises(DBAPIError) as refused:
        insert_ours(schema.marks, connection)
    assert isinstance(refused.value.orig, InsufficientPrivilege)


def test_the_wall_falls_with_the_transaction_that_raised_it(database: Database) -> None:
    with database.reading() as connection:
        connection.exec_driver_sql("BEGIN")
        hold(connection, THEM)
        connection.exec_driver_sql("COMMIT")
        assert rows_in(schema.jobs, connection) == 1


class CancelsAnybodys(Cancel):
    """A command that forgets to look whose job it is."""

    def run(self, work: UnitOfWork) -> Job:
        record = work.jobs.get(self.job_id)
        assert record is not None
        return work.advance(record, RequestCancel()).job


def seen_without_looking(connection: Connection, tenant_id: UUID) -> int:
    return rows_in(schema.jobs, connection)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {}


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(owned_by_an_ordinary_role(postgres_url), SystemClock())
    yield opened
    await opened.aclose()


@pytest.mark.anyio
async def test_a_read_that_forgets_its_tenant_finds_no_job_of_another(store: SqlStore) -> None:
    await store.create([new_job(SystemClock())])
    assert await store._read_of(US, seen_without_looking) == 1
    assert await store._read_of(THEM, seen_without_looking) == 0


@pytest.mark.anyio
async def test_a_command_that_forgets_its_tenant_changes_no_job_of_another(store: SqlStore) -> None:
    [job] = (await store.create([new_job(SystemClock())])).jobs
    with pytest.raises(StoreUnavailableError, match="row-level security"):
        await store._write(CancelsAnybodys(THEM, job.id))
    assert (await store.get(US, job.id)).status is JobStatus.PENDING
    assert (await store._write(CancelsAnybodys(US, job.id))).cancelled()
