"""A clock that is set back, in every store: what was due stays due, and nobody is shut out until it is caught up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aijobs_sdk.contract.errors import RateLimitedError
from aijobs_sdk.contract.job import Rate
from aijobs_sdk.contract.store import Admission, Store
from contract.jumping_clock import JumpingClock
from contract.new_jobs import new_job

pytestmark = pytest.mark.anyio

ANY = {"test_job": None}
ONE_A_MINUTE = Admission(rates={"test_job": Rate(jobs=1, seconds=60)})


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


async def test_a_rate_that_is_used_up_shuts_nobody_out_until_the_clock_is_where_it_was(
    store: Store, clock: JumpingClock
) -> None:
    await store.create([new_job(clock)], admission=ONE_A_MINUTE)
    clock.jump = -timedelta(hours=5)
    await store.create([new_job(clock)], admission=ONE_A_MINUTE)
    with pytest.raises(RateLimitedError) as refused:
        await store.create([new_job(clock)], admission=ONE_A_MINUTE)
    assert refused.value.retry_after_seconds == pytest.approx(60)


async def test_a_rate_holds_between_machines_whose_clocks_differ(store: Store, clock: JumpingClock) -> None:
    await store.create([new_job(clock)], admission=ONE_A_MINUTE)
    clock.jump = -timedelta(seconds=20)
    with pytest.raises(RateLimitedError) as refused:
        await store.create([new_job(clock)], admission=ONE_A_MINUTE)
    assert refused.value.retry_after_seconds == pytest.approx(80)
