"""Questions that are longer than a database takes in one piece."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aijobs_sdk.contract.store import Lease
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import queries
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import new_job

MORE_THAN_ANY_TAKES = 70_000


@pytest.mark.anyio
async def test_any_number_of_jobs_can_be_asked_for_at_once(database_url: str) -> None:
    clock = SystemClock()
    store = SqlStore(database_url, clock)
    [waiting] = (await store.create([new_job(clock)])).jobs
    [cancelled] = (await store.create([new_job(clock)])).jobs
    await store.request_cancel(cancelled.tenant_id, cancelled.id)
    await store.aclose()

    unknown = [uuid4() for _ in range(MORE_THAN_ANY_TAKES)]
    asked = [waiting.id, *unknown, cancelled.id]
    database = Database(database_url)
    assert database.read(queries.last_seqs, asked) == {waiting.id: 1, cancelled.id: 2}
    assert database.read(queries.ended, asked) == [*unknown, cancelled.id]  # what is gone is over
    database.close()


@pytest.mark.anyio
async def test_any_number_of_jobs_can_be_worked_on_in_one_step(database_url: str) -> None:
    store = SqlStore(database_url, SystemClock())
    leases = [Lease(uuid4(), fence=1) for _ in range(MORE_THAN_ANY_TAKES)]
    beats = await store.heartbeat(leases, lease_seconds=30)
    assert set(beats) == set(leases)
    await store.aclose()


@pytest.mark.anyio
async def test_who_has_any_number_of_jobs_in_hand_can_wait_for_another(database_url: str) -> None:
    clock = SystemClock()
    submitter, worker = SqlStore(database_url, clock), SqlStore(database_url, clock)
    await submitter.create([new_job(clock)])
    await worker.wait_claimable({"test_job": None}, [Lease(uuid4(), fence=1) for _ in range(MORE_THAN_ANY_TAKES)])
    await submitter.aclose()
    await worker.aclose()
