"""Work on many jobs leaves others a turn, and work on one of them costs none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobQuery, JobRequest
from aijobs_sdk.engine.turns import AT_ONCE, Turns
from aijobs_sdk.simulation.virtual_time import VirtualClock
from server.server_worlds import new_backend

pytestmark = pytest.mark.anyio

MANY = AT_ONCE * 10
A_TEXT = JobRequest(type="ai_generation", payload={"prompt": "A river", "model": "gpt-5.2"})


async def turns_during(work: Awaitable[object]) -> int:
    """Return how often somebody else had a turn meanwhile."""
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    somebody = asyncio.create_task(take_turns())
    await work
    somebody.cancel()
    return turns


@pytest.fixture
async def backend() -> AsyncIterator[LocalBackend]:
    """A backend that has all it needs to count tokens."""
    backend = new_backend(VirtualClock())
    await backend.estimate([A_TEXT])
    yield backend
    await backend.aclose()


async def test_others_have_turns_while_many_jobs_are_checked_and_estimated(backend: LocalBackend) -> None:
    assert await turns_during(backend.submit([A_TEXT] * MANY)) >= 8
    assert await turns_during(backend.estimate([A_TEXT] * MANY)) >= 8


async def test_others_have_turns_while_jobs_are_submitted_one_by_one(backend: LocalBackend) -> None:
    async def submit_one_by_one() -> None:
        for _ in range(MANY):
            await backend.submit([A_TEXT])

    assert await turns_during(submit_one_by_one()) >= 8


async def test_a_few_are_worked_on_in_one_go(backend: LocalBackend) -> None:
    assert await turns_during(backend.estimate([A_TEXT] * AT_ONCE)) == 0


async def test_nobody_is_left_a_turn_who_just_had_one() -> None:
    turns = Turns()

    async def work_after_a_turn_of_others() -> None:
        for _ in range(MANY):
            await asyncio.sleep(0)
            await turns.leave_one()

    assert await turns_during(work_after_a_turn_of_others()) <= MANY + 1


async def test_a_bad_job_after_many_good_ones_has_none_of_them_stored(backend: LocalBackend) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit([*[A_TEXT] * MANY, A_TEXT.replace(payload={})])
    assert refused.value.fields[0].field == f"requests[{MANY}].payload.prompt"
    assert (await backend.list_jobs(JobQuery())).jobs == ()
