"""A PostgreSQL that goes away and comes back, under a client that goes on using it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.postgres.notifications import listen
from services.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this file's own, that may crash without harm to other tests."""
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def client(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs.Client]:
    monkeypatch.setenv("AIJOBS_LEASE_SECONDS", "10")
    with aijobs.Client(server.new_database()) as client:
        yield client


def end_of(job: aijobs.JobHandle[aijobs.JobResult]) -> aijobs.Job:
    """Wait for a job, again where the store was away meanwhile."""
    while True:
        try:
            return job.wait(timeout=30)
        except aijobs.StoreUnavailableError:
            time.sleep(0.1)


def test_jobs_that_were_accepted_end_once_though_the_server_restarts(
    client: aijobs.Client, server: PostgresServer
) -> None:
    request = client.request(type="test_job", payload={"seconds": 0.05})
    jobs = client.submit_many([request] * 300)
    server.restart()
    assert {end_of(job).status for job in jobs} == {aijobs.JobStatus.COMPLETED}
    assert {tuple(event.kind for event in job.events())[-1] for job in jobs} == {"completed"}


def test_a_job_outlasts_an_outage_that_is_shorter_than_its_lease(client: aijobs.Client, server: PostgresServer) -> None:
    job = client.submit(type="test_job", payload={"seconds": 0.5})
    while job.refresh().status is aijobs.JobStatus.PENDING:
        time.sleep(0.01)
    server.crash()
    time.sleep(1)
    server.start()
    ended = end_of(job)
    assert (ended.status, ended.attempts) == (aijobs.JobStatus.COMPLETED, 1)


def test_while_it_is_away_a_submit_says_so_and_with_its_key_it_is_safe_to_repeat(
    client: aijobs.Client, server: PostgresServer
) -> None:
    server.crash()
    with pytest.raises(aijobs.StoreUnavailableError, match="See that the server runs") as refused:
        client.submit(type="test_job", idempotency_key="once")
    server.start()
    first, second = (client.submit(type="test_job", idempotency_key="once") for _ in range(2))
    assert first.id == second.id
    assert len(list(client.list())) == 1
    assert "127.0.0.1" in refused.value.message


def test_connections_that_the_server_ended_are_opened_again(client: aijobs.Client, server: PostgresServer) -> None:
    job = client.submit(type="test_job")
    job.wait()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'fresh%'")
    assert job.refresh().status is aijobs.JobStatus.COMPLETED
    assert len(list(client.list())) == 1
    assert client.submit(type="test_job").wait().status is aijobs.JobStatus.COMPLETED


@pytest.mark.anyio
async def test_a_replica_which_tells_of_nothing_is_looked_at_again_and_again() -> None:
    with running_postgres(durable=False) as server:
        server.restart_as_replica()
        changes = listen(Database(server.url))
        await anext(changes)
        await anext(changes)  # after the first refusal
        await changes.aclose()
