"""A clock that is set back, in every store: what was due stays due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aijobs_sdk.contract.store import Store
from contract.jumping_clock import JumpingClock
from contract.new_jobs import new_job

pytestmark = pytest.mark.anyio

ANY = {"test_job": None}


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.mark.parametrize("back", [timedelta(milliseconds=1), timedelta(hours=5)])
async def test_a_job_that_was_due_before_the_clock_was_set_back_is_claimed(
    store: Store, clock: JumpingClock, back: timedelta
) -> None:
    [job] = (await store.create([new_job(clock)])).jobs
    clock.jump = -back
    [claim] = await store.claim("worker", ANY, limit=1, lease_seconds=30, hard_limit_seconds=330)
    assert claim.job.id == job.id
