"""Whether a database can be written to is found out by writing, and the database is no larger for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import select

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.store import SqlStore

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(database_url, SystemClock())
    yield opened
    await opened.aclose()


def what_is_kept(url: str) -> list[int]:
    database = Database(url)
    with database.reading() as connection:
        values = list(connection.execute(select(schema.marks.c.value)).scalars())
    database.close()
    return values


async def test_each_try_changes_the_one_row_there_is(store: SqlStore, database_url: str) -> None:
    for _ in range(3):
        await store.try_writing()
    assert what_is_kept(database_url) == [3]


async def test_whoever_finds_another_trying_does_not_wait(postgres_url: str) -> None:
    store = SqlStore(postgres_url, SystemClock())
    await store.try_writing()
    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE marks SET value = value")
        await store.try_writing()
    assert what_is_kept(postgres_url) == [1]
    await store.aclose()


async def test_a_read_only_server_is_told(postgres_url: str) -> None:
    store = SqlStore(postgres_url, SystemClock())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailableError, match="read-only"):
        await store.try_writing()
    await store.aclose()
