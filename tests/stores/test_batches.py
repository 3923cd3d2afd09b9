"""Journals of batches in a database that several processes use, with more rows and jobs than go into one statement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, Hold, Holder
from aijobs_sdk.contract.errors import BatchHeldError
from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Claim, Done, Release
from aijobs_sdk.engine.batches import held
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql import batch_journals, schema
from aijobs_sdk.stores.sql.batch_columns import columns_of_batch
from aijobs_sdk.stores.sql.batches import DeleteBatch
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import US, new_job

pytestmark = pytest.mark.anyio

CLOCK = SystemClock()


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(database_url, CLOCK)
    yield opened
    await opened.aclose()


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[SqlStore]:
    """What another process has open."""
    opened = SqlStore(database_url, CLOCK)
    yield opened
    await opened.aclose()


def a_batch(name: str = "cities") -> BatchRecord:
    now = CLOCK.now()
    return BatchRecord(id=uuid4(), tenant_id=US, user_id=US, name=name, created_at=now, updated_at=now)


def an_item(index: int, *, key: str = "k") -> BatchItem:
    return BatchItem(index=index, key=key, inputs={"city": "Łódź"}, request={"prompt": "Where?"})


def a_hold(token: str) -> Hold:
    return Hold(Holder(token=token, host="data-box", pid=4711, since=CLOCK.now()), 30)


async def claim(store: SqlStore, limit: int) -> list[Claim]:
    return await store.claim("w", {"test_job": None}, limit=limit, lease_seconds=30, hard_limit_seconds=60)


async def finish(store: SqlStore, jobs: int) -> list[Job]:
    return [await store.finish(one.lease, Done({}, Effects())) for one in await claim(store, jobs)]


async def test_of_two_processes_that_open_one_name_at_once_both_find_one_batch(
    store: SqlStore, other: SqlStore
) -> None:
    one, two = await asyncio.gather(store.open_batch(a_batch()), other.open_batch(a_batch()))
    assert one == two
    assert await store.batches(US) == [one]


async def test_of_two_processes_that_take_a_batch_at_once_one_has_it(store: SqlStore, other: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    taken = await asyncio.gather(
        store.hold_batch(US, batch.id, a_hold("one")),
        other.hold_batch(US, batch.id, a_hold("two")),
        return_exceptions=True,
    )
    [record] = [one for one in taken if isinstance(one, BatchRecord)]
    [_] = [one for one in taken if isinstance(one, BatchHeldError)]
    assert await other.batch(US, batch.name) == record


async def test_whoever_takes_a_batch_waits_for_who_is_just_taking_it(store: SqlStore, database_url: str) -> None:
    batch = await store.open_batch(a_batch())
    database = Database(database_url)
    with database.writing() as session:
        theirs = columns_of_batch(held(batch, a_hold("theirs"), CLOCK.now()))
        session.connection.execute(update(schema.batches).values(theirs))
        ours = asyncio.create_task(store.hold_batch(US, batch.id, a_hold("ours")))
        await asyncio.sleep(0.2)  # it is there before they commit
    database.close()
    with pytest.raises(BatchHeldError):
        await ours


async def test_a_thousand_rows_go_in_at_once_and_come_out_in_their_order(store: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    items = [an_item(index) for index in range(1000)]
    await store.put_batch_rows(US, batch.id, items[::-1])
    assert await store.batch_rows(US, batch.id) == items


async def test_of_two_rows_with_one_index_the_last_is_kept(store: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    items = [an_item(0, key="first"), an_item(1), an_item(2), an_item(0, key="last")]  # as many as go in one statement
    await store.put_batch_rows(US, batch.id, items)
    assert await store.batch_rows(US, batch.id) == [items[3], items[1], items[2]]


async def test_rows_of_two_processes_stand_side_by_side(store: SqlStore, other: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    first, second = [an_item(index) for index in range(100)], [an_item(index) for index in range(100, 200)]
    await asyncio.gather(store.put_batch_rows(US, batch.id, first), other.put_batch_rows(US, batch.id, second))
    assert await store.batch_rows(US, batch.id) == first + second


async def test_rows_and_how_many_there_are_are_changed_in_the_order_they_were_asked_for(store: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    await asyncio.gather(
        store.put_batch_rows(US, batch.id, [an_item(0), an_item(1)]),
        store.change_batch(US, batch.id, BatchChange(rows=1)),
        store.put_batch_rows(US, batch.id, [an_item(2)]),
    )
    assert await store.batch_rows(US, batch.id) == [an_item(0), an_item(2)]


async def test_what_belongs_to_a_deleted_batch_is_cleared_away_some_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_journals, "CLEARED_AT_ONCE", 2)
    batch = await store.open_batch(a_batch())
    await store.create([new_job(CLOCK, batch_id=batch.id) for _ in range(5)])
    await store.put_batch_rows(US, batch.id, [an_item(index) for index in range(5)])
    await store.delete_batch(US, batch.id)
    assert [job.batch_id for job in (await store.list_jobs(US, JobQuery())).jobs] == [None] * 5
    assert await store.batch_rows(US, batch.id) == []


async def test_what_a_deletion_that_was_cut_short_left_goes_with_the_next(store: SqlStore) -> None:
    cut_short, whole = await store.open_batch(a_batch()), await store.open_batch(a_batch(name="rivers"))
    await store.create([new_job(CLOCK, batch_id=cut_short.id)])
    await store.put_batch_rows(US, cut_short.id, [an_item(0)])
    await store._write(DeleteBatch(US, cut_short.id))
    await store.delete_batch(US, whole.id)
    assert await store.batch_rows(US, cut_short.id) == []
    assert (await store.list_jobs(US, JobQuery())).jobs[0].batch_id is None


async def test_a_job_that_runs_as_its_batch_is_deleted_goes_on_without_it(store: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    await store.create([new_job(CLOCK, batch_id=batch.id)])
    [running] = await claim(store, 1)
    await store.delete_batch(US, batch.id)
    given_back = await store.finish(running.lease, Release())
    assert (running.job.batch_id, given_back.batch_id) == (batch.id, None)
    assert (await store.get(US, given_back.id)).batch_id is None


async def test_another_process_sees_that_a_batch_is_gone(store: SqlStore, other: SqlStore) -> None:
    batch = await store.open_batch(a_batch())
    [job] = (await store.create([new_job(CLOCK, batch_id=batch.id)])).jobs
    await other.delete_batch(US, batch.id)
    assert await store.batch(US, batch.name) is None
    [listed] = (await store.list_jobs(US, JobQuery())).jobs
    assert (listed.id, listed.batch_id) == (job.id, None)


async def test_old_jobs_that_name_a_batch_which_is_not_there_are_purged(store: SqlStore) -> None:
    await store.create([new_job(CLOCK, batch_id=uuid4())])
    await finish(store, 1)
    assert await store.purge_jobs(finished_before=CLOCK.now()) == 1
