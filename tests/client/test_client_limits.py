"""What an operator and a job type allow, as a caller meets it."""

from __future__ import annotations

import time

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs


class Page(BaseModel):
    number: int = 0


@aijobs.job_type("publish", max_running=2, rate=aijobs.Rate(jobs=3, seconds=3600))
async def publish(context: aijobs.JobContext, payload: Page) -> dict[str, int]:
    await context.clock.sleep(1)
    return {"page": payload.number}


def test_a_tenant_that_has_too_many_jobs_is_told_when_to_try_again() -> None:
    with aijobs.Client(limits=aijobs.Limits(max_active_jobs=1, concurrency=1)) as client:
        first = client.submit(type="test_job", payload={"seconds": 250})
        with pytest.raises(aijobs.TooManyJobsError, match="1 unfinished jobs") as refused:
            client.submit(type="test_job")
        assert refused.value.retry_after_seconds > 0
        first.cancel()
        first.wait(10)
        assert client.submit(type="test_job").result(10)


def test_a_type_that_is_submitted_too_fast_is_told_when_to_try_again() -> None:
    with aijobs.Client(job_types=[publish]) as client:
        client.submit_many([client.request(type="publish") for _ in range(3)])
        with pytest.raises(aijobs.RateLimitedError, match="'publish'") as refused:
            client.submit(type="publish")
        assert refused.value.retry_after_seconds == pytest.approx(1200, rel=0.01)
        assert client.submit(type="test_job").result(10)


def test_no_more_jobs_of_a_type_run_at_once_than_may() -> None:
    with aijobs.mock(seed=1) as sim, aijobs.Client(job_types=[publish]) as client:
        jobs = client.submit_many([client.request(type="publish") for _ in range(3)])
        assert [job.result().model_extra for job in jobs] == [{"page": 0}] * 3
        assert sim.now >= 2


def test_a_job_ends_cleanly_at_the_limit_that_the_operator_set() -> None:
    with aijobs.Client(limits=aijobs.Limits(job_seconds=0.2, hard_limit_seconds=30)) as client:
        began_at = time.monotonic()
        error = client.submit(type="test_job", payload={"seconds": 250}).exception(20)
        assert error is not None
        assert error.info.code == "job_timeout"
        assert time.monotonic() - began_at < 20


def test_a_hard_limit_that_comes_first_is_refused() -> None:
    with pytest.raises(aijobs.InvalidRequestError, match="`hard_limit_seconds` must be above `job_seconds`"):
        aijobs.Limits(job_seconds=10, hard_limit_seconds=10)
