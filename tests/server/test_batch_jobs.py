"""The jobs of a batch by their age, however many pages they are on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.server.batch_jobs import BatchJobs
from aijobs_sdk.simulation.virtual_time import VirtualClock
from server.server_worlds import NOBODYS, new_backend

pytestmark = pytest.mark.anyio

BATCH = UUID(int=8)
MANY = 500
"""More than two pages."""


@pytest.fixture
async def backend() -> AsyncIterator[LocalBackend]:
    backend = new_backend(VirtualClock())
    yield backend
    await backend.aclose()


async def add(backend: LocalBackend, count: int) -> list[UUID]:
    later = VirtualClock().now() + timedelta(days=1)
    request = JobRequest(type="test_job", payload={}, batch_id=BATCH, run_at=later)
    return [job.id for job in await backend.submit([request] * count)]


@pytest.mark.parametrize("known", [-1, 0, 1, 250, MANY - 2, MANY - 1])
async def test_what_is_newer_comes_oldest_first(backend: LocalBackend, known: int) -> None:
    ids = await add(backend, MANY)
    newer = BatchJobs(backend, BATCH).newer_than(ids[known] if known >= 0 else None)
    assert [one async for one in newer] == ids[known + 1 :]


async def test_what_is_added_on_the_way_comes_with_the_next_look(backend: LocalBackend) -> None:
    ids, jobs = await add(backend, MANY), BatchJobs(backend, BATCH)
    looking = jobs.newer_than(None)
    seen = [await anext(looking)]
    added = await add(backend, 30)
    assert [*seen, *[one async for one in looking]] == ids
    assert [one async for one in jobs.newer_than(ids[-1])] == added


async def test_jobs_are_found_by_how_much_older_they_are(backend: LocalBackend) -> None:
    ids = await add(backend, MANY)
    newest = MANY - 100
    found = await BatchJobs(backend, BATCH).up_to(ids[newest], {0, 1, 300, newest, MANY})
    assert found == {one: ids[newest - one] for one in (0, 1, 300, newest)}


async def test_a_job_of_no_batch_is_older_than_none(backend: LocalBackend) -> None:
    await add(backend, 30)
    with pytest.raises(ValueError, match=str(NOBODYS)):
        await BatchJobs(backend, BATCH).up_to(NOBODYS, {0})
