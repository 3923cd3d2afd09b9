"""A pooler such as PgBouncer between a client and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.postgres import notifications
from aijobs_sdk.stores.sql.postgres.notifications import listen
from aijobs_sdk.stores.sql.sessions import session_on
from services.pooler import pooled

PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """A database behind what passes for a pooler."""
    with pooled(postgres_url) as url:
        yield url


def prepared_after_many_reads(url: str) -> int:
    database = Database(url)
    with database.reading() as connection:
        found = [session_on(connection).read(PREPARED, ()) for _ in range(10)]
    database.close()
    [(count,)] = found[-1]
    return int(count)


def test_through_a_pooler_nothing_is_prepared(postgres_url: str, pooled_url: str) -> None:
    """The next transaction may be on another connection, where the name is missing, or another statement's."""
    assert prepared_after_many_reads(postgres_url) > 0
    assert prepared_after_many_reads(pooled_url) == 0


@pytest.mark.anyio
async def test_through_a_pooler_nobody_listens_and_changes_are_looked_for(
    pooled_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "POOLED_SECONDS", 0.01)
    changes = listen(Database(f"{pooled_url}?application_name=hears"))
    for _ in range(3):
        await anext(changes)
    with psycopg.connect(postgres_url) as connection:
        heard = connection.execute("SELECT query FROM pg_stat_activity WHERE application_name = 'hears'").fetchall()
    await changes.aclose()
    assert heard == [("SELECT pg_backend_pid()",)]


def test_jobs_run_through_a_pooler_and_are_followed_from_another_client(pooled_url: str) -> None:
    with aijobs.Client(pooled_url) as worker, aijobs.Client(pooled_url, concurrency=0) as client:
        worker.submit(type="test_job").wait(timeout=30)
        jobs = client.submit_many([client.request(type="test_job", payload={"steps": 2}) for _ in range(20)])
        assert [event.kind for event in jobs[0].stream()][-1] == "completed"
        assert {job.wait(timeout=30).status for job in jobs} == {"completed"}
