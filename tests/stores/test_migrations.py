"""The tables of a database: what migrations make is what the code expects, whoever opens it first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.schema import CreateIndex, CreateTable

from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import LATEST, MIGRATIONS, VERSION, migrate
from aijobs_sdk.stores.sql.store import SqlStore

OPEN = """
import sys
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql.store import SqlStore
print("ready", flush=True)
sys.stdin.readline()
SqlStore(sys.argv[1], SystemClock())
print("alembic" in sys.modules)
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection to a database that was opened for the first time."""
    database = Database(database_url)
    migrate(database)
    with database.reading() as connection:
        yield connection
    database.close()


def described(connection: Connection) -> dict[str, list[str]]:
    """Return each table that is there, and its indexes, in the words that would make them again."""
    found = MetaData()
    found.reflect(connection)
    return {table.name: lines_of(table, connection) for table in found.sorted_tables if table.name != VERSION}


def lines_of(table: Table, connection: Connection) -> list[str]:
    indexes = [str(CreateIndex(index).compile(connection)) for index in table.indexes]
    text = "\n".join([str(CreateTable(table).compile(connection)), *indexes])
    return sorted(line.strip(" \t,") for line in text.splitlines())


def test_migrations_make_the_tables_of_the_schema(connection: Connection) -> None:
    migrated = described(connection)
    for name in migrated:
        connection.exec_driver_sql(f"DROP TABLE {name}")
    schema.metadata.create_all(connection)
    assert migrated == described(connection)


def test_alembic_finds_nothing_to_migrate(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": VERSION})
    assert compare_metadata(context, schema.metadata) == []


def test_the_latest_revision_is_that_of_the_newest_file() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == LATEST


def test_a_database_of_the_first_revision_is_brought_up_to_date_with_its_rows(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as session:
        session.connection.exec_driver_sql("SELECT 1")  # now Alembic finds a transaction begun, and leaves it to us
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = session.connection
        command.upgrade(config, "0001")
        session.connection.execute(
            insert(schema.idempotency_keys).values(tenant_id=UUID(int=1), key="k", job_id=UUID(int=2))
        )
    migrate(database)
    with database.reading() as connection:
        assert connection.scalar(select(schema.idempotency_keys.c.key)) == "k"
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    database.close()


def test_a_database_that_is_up_to_date_opens_without_alembic(database_url: str) -> None:
    answers = [subprocess.check_output([sys.executable, "-c", OPEN, database_url], input=b"\n") for _ in range(2)]
    assert answers == [b"ready\nTrue\n", b"ready\nFalse\n"]


def test_many_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    command = [sys.executable, "-c", OPEN, database_url]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for opener in openers:
        assert opener.stdout is not None
        opener.stdout.readline()
    for opener in openers:
        opener.communicate(b"\n", timeout=60)
    assert [opener.returncode for opener in openers] == [0] * 4


def test_many_threads_may_open_a_new_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: SqlStore(database_url, SystemClock()), range(8)))
    assert len(stores) == 8
