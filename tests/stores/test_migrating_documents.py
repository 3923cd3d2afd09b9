"""A database of an earlier version keeps its documents and jobs when blocks come to it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from aijobs_sdk.contract.records import Document
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import MIGRATIONS
from aijobs_sdk.stores.sql.store import SqlStore

pytestmark = pytest.mark.anyio

US = UUID(int=1)
DOCUMENT = Document(
    id=UUID(int=5),
    tenant_id=US,
    author_id=UUID(int=10),
    job_id=UUID(int=7),
    title="Water",
    content="Flüsse.",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def left_by_an_earlier_version(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as session:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = session.connection
        session.connection.begin()  # or alembic would commit
        command.upgrade(config, "0003")
        columns = DOCUMENT.model_dump(exclude={"configuration"})
        session.connection.execute(insert(schema.documents).values(columns))
    database.close()


async def test_a_document_of_an_earlier_version_reads_as_before(database_url: str) -> None:
    left_by_an_earlier_version(database_url)
    store = SqlStore(database_url, SystemClock())

    assert await store.document(US, DOCUMENT.id) == DOCUMENT
    assert await store.blocks(US, DOCUMENT.id) == []
    await store.aclose()
