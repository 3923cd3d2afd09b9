"""Journals of batches in every store: opened once, run by one, with the rows in their order and their jobs by name."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aijobs_sdk.contract.batches import (
    BatchChange,
    BatchItem,
    BatchRecord,
    BatchStanding,
    BatchState,
    BatchWish,
    Hold,
    Holder,
)
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import BatchHeldError, BatchNotFoundError
from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Done, Store
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

NOBODYS = UUID(int=77)
HALFWAY = BatchStanding(state=BatchState.RUNNING, completed=3, failed=1, running=2, credits="0.000105")


def a_batch(clock: Clock, **fields: Any) -> BatchRecord:
    batch = {
        "id": uuid4(),
        "tenant_id": US,
        "user_id": UUID(int=10),
        "name": "Überblick",
        "settings": {"budget": "12.5", "deep": [None, 1.5, "\x00ü"]},
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    return BatchRecord(**(batch | fields))


async def opened(store: Store, clock: Clock, **fields: Any) -> BatchRecord:
    return await store.open_batch(a_batch(clock, **fields))


def an_item(index: int, **fields: Any) -> BatchItem:
    item = {
        "index": index,
        "key": f"key-{index}",
        "inputs": {"city": "Łódź\x00", "population": 655_279, "area": None},
        "request": {"type": "test_job", "payload": {"max_tokens": 5, "deep": [{"a": True}]}},
    }
    return BatchItem(**(item | fields))


def holder(token: str, clock: Clock, **fields: Any) -> Holder:
    return Holder(**({"token": token, "host": "data-box", "pid": 4711, "since": clock.now()} | fields))


def hold(token: str, clock: Clock, *, seconds: float = 30, **more: Any) -> Hold:
    return Hold(holder(token, clock), seconds, **more)


async def kept(store: Store, batch: BatchRecord) -> BatchRecord:
    found = await store.batch(batch.tenant_id, batch.name)
    assert found is not None
    return found


async def indexes(store: Store, batch: BatchRecord, **where: int) -> list[int]:
    return [row.index for row in await store.batch_rows(batch.tenant_id, batch.id, **where)]


async def not_found(asking: Awaitable[object]) -> None:
    with pytest.raises(BatchNotFoundError):
        await asking


async def ended(store: Store, clock: Clock, **fields: Any) -> Job:
    await store.create([new_job(clock, **fields)])
    [claim] = await store.claim("w", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=60)
    return await store.finish(claim.lease, Done({}, Effects()))


async def test_a_batch_reads_back_as_it_was_opened(store: Store, clock: Clock) -> None:
    batch = a_batch(clock)
    assert await store.open_batch(batch) == batch
    assert await store.batch(US, batch.name) == batch
    assert await store.batch(US, "another") is None


async def test_a_name_that_no_batch_can_have_finds_none(store: Store) -> None:
    assert await store.batch(US, "a\x00b") is None


async def test_a_name_is_opened_once_by_each_tenant(store: Store, clock: Clock) -> None:
    first, theirs = await opened(store, clock), await opened(store, clock, tenant_id=THEM)
    await store.change_batch(US, first.id, BatchChange(rows=7))
    again = await opened(store, clock, settings={"budget": "99"})

    assert (again.id, again.settings, again.rows) == (first.id, first.settings, 7)
    assert await store.batch(THEM, first.name) == theirs
    assert list(await store.batches(US)) == [again]


async def test_batches_come_newest_first(store: Store, clock: Clock) -> None:
    first = await opened(store, clock, name="b")
    await clock.sleep(1)
    second = await opened(store, clock, name="a")
    await clock.sleep(1)
    third = await opened(store, clock, name="c")
    assert list(await store.batches(US)) == [third, second, first]


async def test_a_change_is_of_what_it_says_alone(store: Store, clock: Clock) -> None:
    """Two who say different things at the same moment are both heard: neither has to read what the other says."""
    batch = await opened(store, clock)
    await clock.sleep(1)
    paused = await store.change_batch(US, batch.id, BatchChange(wish=BatchWish.PAUSE))
    assert paused == batch.replace(wish=BatchWish.PAUSE, updated_at=clock.now())

    raised = await store.change_batch(US, batch.id, BatchChange(settings={"budget": "20"}))
    assert raised == paused.replace(settings={**batch.settings, "budget": "20"})
    assert await kept(store, batch) == raised


async def test_wish_and_settings_are_anybodys_to_change_while_another_holds_the_batch(
    store: Store, clock: Clock
) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock))
    changed = await store.change_batch(US, batch.id, BatchChange(wish=BatchWish.CANCEL, settings={"budget": None}))
    said = {**batch.settings, "budget": None}
    assert (changed.wish, changed.settings, changed.holder) == (BatchWish.CANCEL, said, holder("one", clock))


async def test_rows_come_back_as_they_were_put_in_their_order(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.put_batch_rows(US, batch.id, [an_item(2), an_item(0)])
    await store.put_batch_rows(US, batch.id, [an_item(1)])
    assert list(await store.batch_rows(US, batch.id)) == [an_item(0), an_item(1), an_item(2)]


async def test_rows_are_read_from_an_index_on_and_so_many(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.put_batch_rows(US, batch.id, [an_item(index) for index in (0, 1, 2, 5, 8)])
    assert await indexes(store, batch, start=2, limit=2) == [2, 5]
    assert await indexes(store, batch, start=6) == [8]
    assert await indexes(store, batch, start=9) == []


async def test_a_row_takes_the_place_of_one_at_its_index(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.put_batch_rows(US, batch.id, [an_item(0), an_item(1)])
    changed = an_item(1, key="other", inputs={}, request={"payload": {}})
    await store.put_batch_rows(US, batch.id, [changed, an_item(2)])
    assert list(await store.batch_rows(US, batch.id)) == [an_item(0), changed, an_item(2)]


async def test_saying_how_many_rows_there_are_forgets_those_behind(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.put_batch_rows(US, batch.id, [an_item(index) for index in range(5)])
    assert (await store.change_batch(US, batch.id, BatchChange(rows=3))).rows == 3
    assert await indexes(store, batch) == [0, 1, 2]
    await store.change_batch(US, batch.id, BatchChange(rows=0))
    assert await indexes(store, batch) == []


async def test_each_batch_has_rows_of_its_own(store: Store, clock: Clock) -> None:
    one, other = await opened(store, clock), await opened(store, clock, name="other")
    await store.put_batch_rows(US, one.id, [an_item(0), an_item(1)])
    await store.put_batch_rows(US, other.id, [an_item(0, key="k")])
    await store.change_batch(US, one.id, BatchChange(rows=0))
    assert list(await store.batch_rows(US, other.id)) == [an_item(0, key="k")]


async def test_a_batch_is_held_by_one_at_a_time(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    taken = await store.hold_batch(US, batch.id, hold("one", clock))
    assert (taken.holder, taken.held_until) == (holder("one", clock), clock.now() + timedelta(seconds=30))

    with pytest.raises(BatchHeldError, match=rf"process 4711 on data-box, since {clock.now():%Y-%m-%d %H:%M:%S} UTC"):
        await store.hold_batch(US, batch.id, hold("two", clock, standing=HALFWAY))
    assert await kept(store, batch) == taken


async def test_whoever_holds_a_batch_may_go_on(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock))
    await clock.sleep(20)
    await store.hold_batch(US, batch.id, hold("one", clock))
    await clock.sleep(20)
    with pytest.raises(BatchHeldError):
        await store.hold_batch(US, batch.id, hold("two", clock))


async def test_how_far_it_is_is_noted_with_the_hold(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock, standing=HALFWAY))
    await clock.sleep(1)
    extended = await store.hold_batch(US, batch.id, hold("one", clock))
    assert (extended.standing, extended.updated_at) == (HALFWAY, clock.now())
    assert (await kept(store, batch)).standing == HALFWAY


async def test_a_batch_that_was_given_back_is_anybodys(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock))
    given_back = await store.hold_batch(US, batch.id, hold("one", clock, seconds=0, standing=HALFWAY))
    assert (given_back.holder, given_back.held_until, given_back.standing) == (None, None, HALFWAY)
    taken = await store.hold_batch(US, batch.id, hold("two", clock))
    assert taken.holder == holder("two", clock)


async def test_giving_back_what_another_holds_is_refused(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    taken = await store.hold_batch(US, batch.id, hold("one", clock))
    with pytest.raises(BatchHeldError):
        await store.hold_batch(US, batch.id, hold("two", clock, seconds=0))
    assert await kept(store, batch) == taken


async def test_a_hold_that_has_run_out_is_nobodys(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock))
    await clock.sleep(30)
    run_out = await kept(store, batch)
    assert (run_out.holder, run_out.held_until) == (None, None)
    assert (await store.batches(US))[0].holder is None
    assert (await store.hold_batch(US, batch.id, hold("two", clock))).holder == holder("two", clock)


async def test_a_lost_holder_that_comes_back_finds_that_another_has_it(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("one", clock))
    await clock.sleep(31)
    taken = await store.hold_batch(US, batch.id, hold("two", clock))
    with pytest.raises(BatchHeldError):
        await store.hold_batch(US, batch.id, hold("one", clock, standing=HALFWAY))
    assert await kept(store, batch) == taken


async def test_a_batch_is_taken_from_a_holder_that_is_known_to_be_dead(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.hold_batch(US, batch.id, hold("dead", clock))
    taken = await store.hold_batch(US, batch.id, hold("two", clock, instead_of="dead"))
    assert taken.holder == holder("two", clock)
    with pytest.raises(BatchHeldError):
        await store.hold_batch(US, batch.id, hold("three", clock, instead_of="dead"))


async def test_a_batch_of_another_tenant_is_as_one_that_nobody_has(store: Store, clock: Clock) -> None:
    theirs = await opened(store, clock, tenant_id=THEM)
    await store.put_batch_rows(THEM, theirs.id, [an_item(0)])
    await not_found(store.change_batch(US, theirs.id, BatchChange(rows=0)))
    await not_found(store.hold_batch(US, theirs.id, hold("one", clock)))
    await not_found(store.put_batch_rows(US, theirs.id, [an_item(0, key="ours")]))
    assert await store.batch(US, theirs.name) is None
    assert list(await store.batches(US)) == []
    assert list(await store.batch_rows(US, theirs.id)) == []
    assert not await store.delete_batch(US, theirs.id)
    assert (await kept(store, theirs), await indexes(store, theirs)) == (theirs, [0])


async def test_a_batch_that_nobody_has_is_not_found(store: Store, clock: Clock) -> None:
    await not_found(store.change_batch(US, NOBODYS, BatchChange()))
    await not_found(store.hold_batch(US, NOBODYS, hold("one", clock)))
    await not_found(store.put_batch_rows(US, NOBODYS, [an_item(0)]))
    assert list(await store.batch_rows(US, NOBODYS)) == []
    assert not await store.delete_batch(US, NOBODYS)


async def test_the_jobs_of_a_batch_are_listed_newest_first_over_pages(store: Store, clock: Clock) -> None:
    one, other = await opened(store, clock), await opened(store, clock, name="other")
    new = [new_job(clock, batch_id=batch) for batch in (one.id, other.id, one.id, None, one.id)]
    jobs = (await store.create(new)).jobs
    first = await store.list_jobs(US, JobQuery(batch_id=one.id, limit=2))
    second = await store.list_jobs(US, JobQuery(batch_id=one.id, limit=2, cursor=first.next_cursor))
    assert [*first.jobs, *second.jobs] == [jobs[4], jobs[2], jobs[0]]
    assert second.next_cursor is None


async def test_another_tenant_lists_no_jobs_of_a_batch(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.create([new_job(clock, batch_id=batch.id)])
    assert (await store.list_jobs(THEM, JobQuery(batch_id=batch.id))).jobs == ()
    assert (await store.list_ids(THEM, JobQuery(batch_id=batch.id))).ids == ()


async def test_a_job_says_of_which_batch_it_is_until_its_end(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    job = await ended(store, clock, batch_id=batch.id)
    assert job.batch_id == batch.id
    assert await store.get(US, job.id) == job
    assert (await store.list_jobs(US, JobQuery(batch_id=batch.id))).jobs == (job,)


async def test_a_deleted_batch_is_gone_with_its_rows_and_its_jobs_stay(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    await store.put_batch_rows(US, batch.id, [an_item(0)])
    job = await ended(store, clock, batch_id=batch.id)
    [waiting] = (await store.create([new_job(clock, batch_id=batch.id)])).jobs

    assert await store.delete_batch(US, batch.id)

    assert (await store.batch(US, batch.name), await indexes(store, batch)) == (None, [])
    assert (await store.list_jobs(US, JobQuery(batch_id=batch.id))).jobs == ()
    assert await store.get(US, job.id) == job.replace(batch_id=None)
    assert (await store.list_jobs(US, JobQuery())).jobs[0] == waiting.replace(batch_id=None)
    assert not await store.delete_batch(US, batch.id)


async def test_the_name_of_a_deleted_batch_begins_anew(store: Store, clock: Clock) -> None:
    old = await opened(store, clock)
    await store.put_batch_rows(US, old.id, [an_item(0)])
    await store.delete_batch(US, old.id)
    new = await opened(store, clock)
    assert (new.id != old.id, await indexes(store, new)) == (True, [])


async def test_jobs_are_not_purged_while_their_batch_is_there(store: Store, clock: Clock) -> None:
    batch = await opened(store, clock)
    job = await ended(store, clock, batch_id=batch.id)
    await ended(store, clock)
    await clock.sleep(3600)
    assert await store.purge_jobs(finished_before=clock.now()) == 1
    assert await store.get(US, job.id) == job

    await store.delete_batch(US, batch.id)
    assert await store.purge_jobs(finished_before=clock.now()) == 1
