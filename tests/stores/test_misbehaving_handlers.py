"""Handlers that do what they should not, over a durable store: each job ends, and ends once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.engine.workers import LAST_WORDS_SECONDS

LEASE_SECONDS = 0.6


class Nothing(BaseModel):
    pass


class Answer(BaseModel):
    answer: int


@aijobs.job_type("deaf")
async def deaf(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    """Goes on as if it had not been cancelled."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await context.progress(50, "Never mind")
    return {"heard": False}


@aijobs.job_type("sulking")
async def sulking(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    """Makes an error of its own of being cancelled, as some libraries do."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        raise ConnectionError("the call was cut off") from None
    return {}


@aijobs.job_type("lingering")
async def lingering(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    """Takes its time to tidy up: longer than a worker that stops waits for last words."""
    try:
        await asyncio.sleep(30)
    finally:
        await asyncio.sleep(3 * LAST_WORDS_SECONDS)
    return {}


@aijobs.job_type("blocking")
async def blocking(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    time.sleep(3 * LEASE_SECONDS)  # noqa: ASYNC251 - that is the point
    return {}


@aijobs.job_type("lying")
async def lying(context: aijobs.JobContext, payload: Nothing) -> Answer:
    return {"answer": "a word"}  # type: ignore[return-value]


@pytest.fixture
def client(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs.Client]:
    monkeypatch.setenv("AIJOBS_LEASE_SECONDS", str(LEASE_SECONDS))
    with aijobs.Client(database_url, job_types=[deaf, sulking, lingering, blocking, lying]) as client:
        yield client


def kinds(job: aijobs.JobHandle[aijobs.JobResult]) -> list[str]:
    return [event.kind for event in job.events()]


def test_a_handler_that_swallows_its_cancellation_ends_with_what_it_returns(client: aijobs.Client) -> None:
    job = client.submit(type="deaf")
    while job.refresh().status is aijobs.JobStatus.PENDING:
        time.sleep(0.01)
    job.cancel()
    assert job.wait(timeout=20).status is aijobs.JobStatus.COMPLETED
    assert kinds(job) == ["accepted", "started", "cancel_requested", "progress", "completed"]


def test_a_handler_that_crashes_over_its_cancellation_leaves_a_cancelled_job(client: aijobs.Client) -> None:
    job = client.submit(type="sulking")
    next(event for event in job.stream() if event.kind == "started")
    job.cancel()
    assert job.wait(timeout=20).cancelled()
    assert client.dead_letters() == []


def test_a_handler_that_blocks_its_loop_for_longer_than_its_lease_keeps_the_job(client: aijobs.Client) -> None:
    job = client.submit(type="blocking")
    assert job.wait(timeout=20).attempts == 1
    assert kinds(job) == ["accepted", "started", "completed"]


def test_a_result_that_is_not_of_its_model_fails_the_job(client: aijobs.Client) -> None:
    job = client.submit(type="lying")
    error = job.wait(timeout=20).error
    assert error is not None
    assert (error.code, "Answer" in error.message, "a word" in error.message) == ("invalid_result", True, False)
    assert kinds(job) == ["accepted", "started", "failed"]


def test_handlers_that_end_while_a_worker_gives_their_jobs_back_keep_it_from_nothing(client: aijobs.Client) -> None:
    jobs = [client.submit(type="lingering") for _ in range(20)]
    begun = [next(event for event in job.stream() if event.kind == "started") for job in jobs]
    client.close()
    assert len(begun) == len(jobs)
    assert {(job.refresh().status, job.attempts) for job in jobs} == {(aijobs.JobStatus.PENDING, 0)}
