"""A job whose row is damaged, or of a newer version, fails whoever asks for it by its id, and holds up no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, text, update

from aijobs_sdk.contract.errors import LeaseLostError, UnreadableRecordError
from aijobs_sdk.contract.job import Job, JobQuery, Priority
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Claim, Created, Done
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.store import SqlStore
from contract.new_jobs import US, new_job
from contract.test_store_batches import a_batch
from contract.test_store_blocks import begun
from contract.test_store_keys import a_key
from contract.test_store_schedules import a_schedule
from stores.test_memory_put_away import left_by

pytestmark = pytest.mark.anyio

CLOCK = VirtualClock()
LIMITS: dict[str, Any] = {"accepts": {"test_job": None}, "lease_seconds": 30, "hard_limit_seconds": 330}
SECRET = '{"prompt": "a secret'
DONE = Done({}, Effects())
DAMAGES: dict[str, dict[str, Any]] = {
    "no JSON": {"payload": SECRET},
    "a newer priority": {"priority": 9},
    "a newer error": {"error": '{"code": "x", "category": "of tomorrow", "message": "x"}'},
}
damaged = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Virtual time, in which what a database does takes none."""
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True, threads_take_time=False)}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(database_url, CLOCK, shared=False)
    yield opened
    await opened.aclose()


def change(url: str, table: Table, which: ColumnElement[bool], **values: object) -> None:
    database = Database(url)
    with database.writing() as session:
        session.connection.execute(update(table).where(which).values(values))
    database.close()


async def spoil(store: SqlStore, url: str, job: Job, damage: dict[str, Any]) -> None:
    """Damage a job's row, of which the store has nothing at hand any more."""
    await store.aclose()
    change(url, schema.jobs, schema.jobs.c.id == job.id, **damage)


async def a_damaged_job(store: SqlStore, url: str, damage: dict[str, Any], **fields: Any) -> Job:
    [job] = (await store.create([new_job(CLOCK, **fields)])).jobs
    await spoil(store, url, job, damage)
    return job


async def a_good_job(store: SqlStore) -> Job:
    [job] = (await store.create([new_job(CLOCK)])).jobs
    return job


async def claim(store: SqlStore) -> Claim:
    [claimed] = await store.claim("w", limit=1, **LIMITS)
    return claimed


@damaged
async def test_whoever_asks_for_it_learns_which_it_is_and_not_what_it_held(
    store: SqlStore, database_url: str, damage: dict[str, Any]
) -> None:
    bad = await a_damaged_job(store, database_url, damage)
    with pytest.raises(UnreadableRecordError, match=f"Job {bad.id} is stored, and cannot be read") as refused:
        await store.get(US, bad.id)
    assert refused.value.job_id == bad.id
    assert "secret" not in refused.value.message
    for ask in (store.ended(US, bad.id), store.request_cancel(US, bad.id)):
        with pytest.raises(UnreadableRecordError):
            await ask


@damaged
async def test_others_are_claimed_though_it_is_the_first_in_line(
    store: SqlStore, database_url: str, damage: dict[str, Any]
) -> None:
    await a_damaged_job(store, database_url, damage, priority=Priority.HIGH)
    good = await a_good_job(store)
    await store.wait_claimable(LIMITS["accepts"])
    assert (await claim(store)).job.id == good.id


async def test_it_is_looked_at_again_in_an_hour_and_told_of_once_until_then(
    store: SqlStore, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = await a_damaged_job(store, database_url, DAMAGES["no JSON"])
    assert [await store.claim("w", limit=1, **LIMITS) for _ in range(3)] == [[], [], []]
    [told] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told.startswith(f"no worker looks at it for an hour: Job {bad.id} is stored")
    change(database_url, schema.jobs, schema.jobs.c.id == bad.id, payload="{}")
    began_at = CLOCK.now()
    await store.wait_claimable(LIMITS["accepts"])
    assert CLOCK.now() - began_at == timedelta(hours=1)
    assert (await claim(store)).job.id == bad.id


@damaged
async def test_a_list_shows_the_others_and_the_log_names_it(
    store: SqlStore, database_url: str, damage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    older = await a_good_job(store)
    bad = await a_damaged_job(store, database_url, damage)
    newer = await a_good_job(store)
    assert [job.id for job in (await store.list_jobs(US, JobQuery())).jobs] == [newer.id, older.id]
    assert f"left out: Job {bad.id}" in caplog.text


async def test_its_worker_loses_it_and_the_others_keep_their_leases(store: SqlStore, database_url: str) -> None:
    bad, good = await a_good_job(store), await a_good_job(store)
    ours, other = await store.claim("w", limit=2, **LIMITS)
    await spoil(store, database_url, bad, DAMAGES["no JSON"])
    beats = await store.heartbeat([ours.lease, other.lease], lease_seconds=30)
    assert (beats[ours.lease].lost, beats[other.lease].lost) == (True, False)
    with pytest.raises(LeaseLostError):
        await store.finish(ours.lease, DONE)
    assert (await store.finish(other.lease, DONE)).id == good.id


async def test_others_are_reaped_beside_it_and_nobody_waits_for_it(store: SqlStore, database_url: str) -> None:
    bad, good = await a_good_job(store), await a_good_job(store)
    await store.claim("w", limit=2, **LIMITS)
    await spoil(store, database_url, bad, DAMAGES["no JSON"])
    await CLOCK.sleep(31)
    assert [job.id for job in await store.reap()] == [good.id]
    assert [one.job.id for one in await store.claim("w", limit=2, **LIMITS)] == [good.id]
    began_at = CLOCK.now()
    await store.wait_claimable(LIMITS["accepts"])
    assert (CLOCK.now() - began_at).total_seconds() == pytest.approx(30)


async def test_its_key_makes_no_second_job_and_holds_up_no_other_key(store: SqlStore, database_url: str) -> None:
    bad = await a_damaged_job(store, database_url, DAMAGES["no JSON"], idempotency_key="k")
    calls = [store.create([new_job(CLOCK, idempotency_key=key)]) for key in ("k", "other")]
    refused, created = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(refused, UnreadableRecordError)
    assert refused.job_id == bad.id
    assert isinstance(created, Created)


async def test_a_damaged_event_fails_the_log_of_its_job_alone(store: SqlStore, database_url: str) -> None:
    bad, good = await a_good_job(store), await a_good_job(store)
    await store.aclose()
    change(database_url, schema.events, schema.events.c.job_id == bad.id, data=SECRET)
    with pytest.raises(UnreadableRecordError, match=str(bad.id)):
        await store.events(US, bad.id, after=0)
    assert [event.job_id for event in await store.events(US, good.id, after=0)] == [good.id]


async def test_a_text_that_sqlite_cannot_decode_is_one_jobs_and_no_outage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    store = SqlStore(url, CLOCK, shared=False)
    bad = await a_damaged_job(store, url, {"payload": text("CAST(x'7bff' AS TEXT)")}, priority=Priority.HIGH)
    good = await a_good_job(store)
    with pytest.raises(UnreadableRecordError, match=f"Job {bad.id}"):
        await store.get(US, bad.id)
    assert [job.id for job in (await store.list_jobs(US, JobQuery())).jobs] == [good.id]
    assert (await claim(store)).job.id == good.id
    await store.aclose()


async def test_a_schedule_that_cannot_be_read_holds_up_no_other(store: SqlStore, database_url: str) -> None:
    bad, good = a_schedule(CLOCK, name="bad", minutes=0), a_schedule(CLOCK, name="good", minutes=0)
    await store.put_schedule(bad)
    await store.put_schedule(good)
    change(database_url, schema.schedules, schema.schedules.c.name == "bad", payload=SECRET)
    assert await store.due_schedules(["test_job"]) == [good]
    assert await store.schedules(US) == [good]
    await store.move_schedule(good, next_run_at=CLOCK.now() + timedelta(days=1), job_id=None)
    began_at = CLOCK.now()
    await store.wait_schedule(["test_job"])
    assert CLOCK.now() - began_at == timedelta(hours=1)


async def test_a_batch_that_cannot_be_read_is_named_and_holds_up_no_other(store: SqlStore, database_url: str) -> None:
    good = await store.open_batch(a_batch(CLOCK, name="good"))
    await store.open_batch(a_batch(CLOCK, name="bad"))
    change(database_url, schema.batches, schema.batches.c.name == "bad", settings=SECRET)
    assert await store.batches(US) == [good]
    with pytest.raises(UnreadableRecordError, match=r"^Batch 'bad' .*`settings` is no JSON") as raised:
        await store.batch(US, "bad")
    assert "secret" not in str(raised.value)


async def test_a_key_that_cannot_be_read_is_named_and_holds_up_no_other(store: SqlStore, database_url: str) -> None:
    good = a_key(CLOCK, "good")
    await store.put_key(good)
    await store.put_key(a_key(CLOCK, "bad"))
    change(database_url, schema.api_keys, schema.api_keys.c.id == "bad", scopes="of-tomorrow")
    assert await store.keys() == [good]
    with pytest.raises(UnreadableRecordError, match=r"^API key bad "):
        await store.key("bad")


async def test_what_a_job_left_behind_is_named_and_not_shown(store: SqlStore, database_url: str) -> None:
    new = new_job(CLOCK)
    await store.create([new])
    effects = left_by(new, "Rivers")
    await store.finish((await claim(store)).lease, Done({}, effects))
    [document], [row] = effects.documents, effects.usage
    change(database_url, schema.documents, schema.documents.c.id == document.id, configuration=SECRET)
    change(database_url, schema.query_usage, schema.query_usage.c.id == row.id, metadata=SECRET)
    with pytest.raises(UnreadableRecordError, match=f"Document {document.id} is stored.*`configuration` is no JSON"):
        await store.document(US, document.id)
    with pytest.raises(UnreadableRecordError, match=f"UsageRow {row.id} is stored.*`metadata` is no JSON") as refused:
        await store.usage(US, since=row.created_at, until=row.created_at + timedelta(seconds=1))
    assert "secret" not in refused.value.message
    assert [event.document_id for event in await store.lineage(US, document.id)] == [document.id]


async def test_a_block_and_its_texts_are_named_and_not_shown(store: SqlStore, database_url: str) -> None:
    new = await begun(store, CLOCK)
    [block, other], [revision, *_] = new.blocks[:2], new.revisions
    change(database_url, schema.blocks, schema.blocks.c.id == block.id, position=-1)
    change(database_url, schema.block_revisions, schema.block_revisions.c.id == revision.id, kind="a secret")
    with pytest.raises(UnreadableRecordError, match=f"Block {block.id} is stored.*this version does not know"):
        await store.block(US, block.id)
    with pytest.raises(UnreadableRecordError, match=f"Revision {revision.id} is stored.*does not know") as refused:
        await store.revisions(US, revision.block_id)
    assert "secret" not in refused.value.message
    assert await store.block(US, other.id) == other
