"""Purging goes straight to the rows of the jobs that go, however many others there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import US, new_job

pytestmark = pytest.mark.anyio
CLOCK = VirtualClock()


@pytest.fixture
def deletes() -> Iterator[list[tuple[str, Any]]]:
    """What is deleted, statement by statement."""
    noted: list[tuple[str, Any]] = []

    def note(*asked: Any) -> None:
        _, _, sql, values, *_ = asked
        if sql.startswith("DELETE"):
            noted.append((sql, values))

    event.listen(Engine, "before_cursor_execute", note)
    yield noted
    event.remove(Engine, "before_cursor_execute", note)


def plan(path: Path, sql: str, values: Any) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))


async def test_of_two_who_purge_at_once_each_counts_what_it_deletes_itself(postgres_url: str) -> None:
    store = SqlStore(postgres_url, CLOCK, shared=False)
    [job] = (await store.create([new_job(CLOCK)])).jobs
    await store.request_cancel(US, job.id)
    await CLOCK.sleep(1)
    with psycopg.connect(postgres_url, options="-c idle_in_transaction_session_timeout=5s") as another:
        another.execute("DELETE FROM jobs")
        assert await store.purge_jobs(finished_before=CLOCK.now()) == 0
    await store.aclose()


async def test_no_table_is_walked_through(tmp_path: Path, deletes: list[tuple[str, Any]]) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/jobs.db", CLOCK, shared=False)
    [job] = (await store.create([new_job(CLOCK, idempotency_key="k")])).jobs
    await store.request_cancel(US, job.id)
    await CLOCK.sleep(25 * 3600)
    assert await store.purge_jobs(finished_before=CLOCK.now()) == 1
    await store.aclose()
    plans = [plan(tmp_path / "jobs.db", sql, values) for sql, values in deletes]
    assert [found for found in plans if "SCAN" in found] == []
    assert len(plans) == 3
