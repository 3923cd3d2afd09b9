"""A database of an earlier version keeps its jobs when batches come to it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Done
from aijobs_sdk.engine.lifecycle import Take, accept, advance
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import MIGRATIONS
from aijobs_sdk.stores.sql.rows import CHANGING, FIXED, LAST, changing_row, fixed_row, last_row
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import US, new_job

pytestmark = pytest.mark.anyio

CLOCK = SystemClock()


def a_finished_job() -> JobRecord:
    running = advance(accept(new_job(CLOCK), CLOCK.now()).record, Take("w", 30, 60), CLOCK.now())
    return advance(running.record, Done({"answer": 42}, Effects()), CLOCK.now()).record


def columns_then(record: JobRecord) -> dict[str, Any]:
    values = [*fixed_row(record), *changing_row(record, queue=None), *last_row(record)]
    columns = dict(zip((*FIXED, *CHANGING, *LAST), values, strict=True))
    del columns["batch_id"]
    return columns


def left_by_an_earlier_version(database_url: str) -> Job:
    record = a_finished_job()
    database = Database(database_url)
    with database.writing() as session:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = session.connection
        session.connection.begin()  # or alembic would commit
        command.upgrade(config, "0004")
        session.connection.execute(insert(schema.jobs).values(columns_then(record)))
    database.close()
    return record.job


async def test_a_job_of_an_earlier_version_reads_as_before_and_names_no_batch(database_url: str) -> None:
    job = left_by_an_earlier_version(database_url)
    store = SqlStore(database_url, CLOCK)

    assert await store.get(US, job.id) == job
    assert job.batch_id is None
    assert (await store.list_jobs(US, JobQuery(batch_id=uuid4()))).jobs == ()
    assert await store.batches(US) == []
    await store.aclose()


async def test_a_job_of_an_earlier_version_is_purged_when_it_is_old(database_url: str) -> None:
    left_by_an_earlier_version(database_url)
    store = SqlStore(database_url, CLOCK)

    assert await store.purge_jobs(finished_before=CLOCK.now()) == 1
    await store.aclose()
