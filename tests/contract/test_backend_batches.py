"""Journals of batches over every backend: a tenant's own, held by one, their jobs found by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import (
    MOST_ROWS_AT_ONCE,
    BatchChange,
    BatchItem,
    BatchRequest,
    BatchStanding,
    BatchState,
    BatchWish,
    Hold,
    Holder,
)
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import BatchHeldError, BatchNotFoundError, InvalidRequestError
from aijobs_sdk.contract.job import Caller, JobQuery, JobRequest
from contract.conftest import OURS, THEIRS

pytestmark = pytest.mark.anyio

NOBODYS = UUID(int=77)
REQUEST = BatchRequest(name="Überblick 7/2026", settings={"budget": "12.5", "deep": [None, 1.5, "\x00"]})
HALFWAY = BatchStanding(state=BatchState.PAUSED, reason="The budget is used up.", completed=3, credits="0.000105")


def an_item(index: int) -> BatchItem:
    request = {"type": "test_job", "payload": {"max_tokens": 5, "api_key": "a column's name"}}
    return BatchItem(index=index, key=f"key-{index}", inputs={"city": "Łódź", "password": None}, request=request)


def hold(token: str, clock: Clock, *, seconds: float = 30, **more: Any) -> Hold:
    return Hold(Holder(token=token, host="data-box", pid=4711, since=clock.now()), seconds, **more)


async def not_found(asking: Awaitable[object]) -> None:
    with pytest.raises(BatchNotFoundError):
        await asking


@pytest.mark.parametrize("length", [201, 70_000])
async def test_a_name_that_is_too_long_for_any_is_no_batchs(backend: Backend, length: int) -> None:
    with pytest.raises(BatchNotFoundError) as refused:
        await backend.batch("x" * length)
    assert len(str(refused.value)) < 200


async def test_a_batch_is_opened_by_whoever_asks(backend: Backend, clock: Clock) -> None:
    batch = await backend.open_batch(REQUEST)

    assert (batch.tenant_id, batch.user_id, batch.created_at) == (OURS.tenant_id, OURS.user_id, clock.now())
    assert (batch.name, batch.settings, batch.rows) == (REQUEST.name, REQUEST.settings, 0)
    assert await backend.batch(REQUEST.name) == batch
    assert list(await backend.batches()) == [batch]


async def test_a_name_is_opened_once_by_each_tenant(backend_for: Callable[[Caller], Backend]) -> None:
    ours, theirs = backend_for(OURS), backend_for(THEIRS)
    first, again, other = [await one.open_batch(REQUEST) for one in (ours, ours, theirs)]
    assert first == again
    assert other.id != first.id


async def test_rows_come_back_as_they_were_put(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    await backend.put_batch_rows(batch.id, [an_item(index) for index in range(MOST_ROWS_AT_ONCE)])
    assert list(await backend.batch_rows(batch.id, start=998)) == [an_item(998), an_item(999)]
    assert len(await backend.batch_rows(batch.id)) == MOST_ROWS_AT_ONCE
    assert list(await backend.batch_rows(batch.id, limit=1)) == [an_item(0)]


async def test_too_many_rows_at_once_are_refused_and_none_is_kept(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    with pytest.raises(InvalidRequestError, match="rows"):
        await backend.put_batch_rows(batch.id, [an_item(index) for index in range(MOST_ROWS_AT_ONCE + 1)])
    assert list(await backend.batch_rows(batch.id)) == []


async def test_more_rows_than_come_at_once_are_not_asked_for(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    with pytest.raises(InvalidRequestError, match="limit"):
        await backend.batch_rows(batch.id, limit=MOST_ROWS_AT_ONCE + 1)


async def test_a_change_is_of_what_it_says_alone(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    await backend.put_batch_rows(batch.id, [an_item(0), an_item(1)])
    changed = await backend.change_batch(batch.id, BatchChange(rows=1, wish=BatchWish.PAUSE))
    assert changed == batch.replace(rows=1, wish=BatchWish.PAUSE, updated_at=changed.updated_at)
    assert list(await backend.batch_rows(batch.id)) == [an_item(0)]
    assert await backend.batch(batch.name) == changed


async def test_a_batch_is_held_by_one_at_a_time(backend: Backend, clock: Clock) -> None:
    batch = await backend.open_batch(REQUEST)
    mine = hold("one", clock, standing=HALFWAY)
    taken = await backend.hold_batch(batch.id, mine)
    assert (taken.holder, taken.standing) == (mine.holder, HALFWAY)

    with pytest.raises(BatchHeldError, match=r"process 4711 on data-box, since .* UTC") as refused:
        await backend.hold_batch(batch.id, hold("two", clock))
    assert refused.value.name == batch.name
    assert await backend.batch(batch.name) == taken


@pytest.mark.parametrize("seconds", [-1, 1e9])
async def test_a_hold_is_for_a_day_at_most(backend: Backend, clock: Clock, seconds: float) -> None:
    batch = await backend.open_batch(REQUEST)
    with pytest.raises(InvalidRequestError, match="seconds"):
        await backend.hold_batch(batch.id, hold("one", clock, seconds=seconds))
    assert (await backend.batch(REQUEST.name)).holder is None


async def test_a_batch_is_given_back_or_taken_from_the_dead(backend: Backend, clock: Clock) -> None:
    batch = await backend.open_batch(REQUEST)
    await backend.hold_batch(batch.id, hold("one", clock))
    theirs = hold("two", clock, instead_of="one")
    assert (await backend.hold_batch(batch.id, theirs)).holder == theirs.holder
    given_back = await backend.hold_batch(batch.id, hold("two", clock, seconds=0))
    assert (given_back.holder, given_back.held_until) == (None, None)


async def test_jobs_of_a_batch_are_found_by_it(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    [job] = await backend.submit([JobRequest(type="test_job", payload={}, batch_id=batch.id)])
    await backend.submit([JobRequest(type="test_job", payload={})])
    async for _ in backend.events(job.id):
        pass
    [found] = (await backend.list_jobs(JobQuery(batch_id=batch.id))).jobs
    assert (found.id, found.batch_id, found.is_final) == (job.id, batch.id, True)


async def test_a_deleted_batch_is_gone_and_its_jobs_stay(backend: Backend) -> None:
    batch = await backend.open_batch(REQUEST)
    await backend.put_batch_rows(batch.id, [an_item(0)])
    [job] = await backend.submit([JobRequest(type="test_job", payload={}, batch_id=batch.id)])

    await backend.delete_batch(batch.id)

    assert (await backend.get(job.id)).batch_id is None
    assert list(await backend.batch_rows(batch.id)) == []
    await not_found(backend.batch(batch.name))
    await not_found(backend.delete_batch(batch.id))


async def test_a_batch_of_another_tenant_is_as_one_that_nobody_has(
    backend_for: Callable[[Caller], Backend], clock: Clock
) -> None:
    ours, theirs = backend_for(OURS), backend_for(THEIRS)
    batch = await theirs.open_batch(REQUEST)
    await theirs.put_batch_rows(batch.id, [an_item(0)])
    await not_found(ours.batch(REQUEST.name))
    await not_found(ours.change_batch(batch.id, BatchChange(rows=0)))
    await not_found(ours.hold_batch(batch.id, hold("one", clock)))
    await not_found(ours.put_batch_rows(batch.id, [an_item(1)]))
    await not_found(ours.delete_batch(batch.id))
    assert list(await ours.batches()) == []
    assert list(await ours.batch_rows(batch.id)) == []
    assert list(await theirs.batch_rows(batch.id)) == [an_item(0)]


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "", ".."])
async def test_a_name_that_no_store_keeps_is_no_batchs(backend: Backend, name: str) -> None:
    await not_found(backend.batch(name))


async def test_a_batch_that_nobody_has_is_not_found(backend: Backend, clock: Clock) -> None:
    with pytest.raises(BatchNotFoundError, match="'never'"):
        await backend.batch("never")
    await not_found(backend.change_batch(NOBODYS, BatchChange()))
    await not_found(backend.hold_batch(NOBODYS, hold("one", clock)))
    await not_found(backend.put_batch_rows(NOBODYS, [an_item(0)]))
    assert list(await backend.batch_rows(NOBODYS)) == []
