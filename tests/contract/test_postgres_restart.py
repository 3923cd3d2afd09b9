"""What a store promises whose PostgreSQL server is restarted under it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Done, Store
from contract.new_jobs import new_job
from contract.places import emptied
from services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

US = UUID(int=1)


@pytest.fixture
async def store(contract_postgres_url: str, clock: Clock) -> AsyncIterator[Store]:
    opened = emptied(contract_postgres_url).open(clock)
    yield opened
    await opened.aclose()


async def create(store: Store, clock: Clock) -> Job:
    [created] = (await store.create([new_job(clock)])).jobs
    return created


async def test_writing_goes_on_after_a_restart(store: Store, clock: Clock, postgres_server: PostgresServer) -> None:
    before = await create(store, clock)
    postgres_server.restart()
    after = await create(store, clock)
    claims = await store.claim("w", {"test_job": None}, limit=9, lease_seconds=30, hard_limit_seconds=330)
    assert [one.job.id for one in claims] == [before.id, after.id]
    assert [(await store.finish(one.lease, Done({}, Effects()))).is_final for one in claims] == [True, True]


async def test_reading_goes_on_after_a_restart(store: Store, clock: Clock, postgres_server: PostgresServer) -> None:
    job = await create(store, clock)
    await store.list_jobs(US, JobQuery())
    postgres_server.restart()
    assert (await store.list_jobs(US, JobQuery())).jobs == (job,)
