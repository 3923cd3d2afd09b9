"""Handles, errors and futures go where programs take them; the key stays at home."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from wire.programs import run, throw
from wire.scripted_server import KEY, ScriptedServer
from wire.story import DONE, takes

JOB = aijobs.Job(
    id=UUID(int=7),
    tenant_id=UUID(int=1),
    user_id=UUID(int=10),
    type="test_job",
    status=aijobs.JobStatus.FAILED,
    priority=aijobs.Priority.NORMAL,
    payload={},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
INFO = aijobs.ErrorInfo(code="quota", category=aijobs.ErrorCategory.QUOTA, message="No credits are left.")
ERRORS: list[aijobs.AIJobsError] = [
    aijobs.AIJobsError("Something.", code="something"),
    aijobs.InvalidRequestError("No.", code="unknown_model"),
    aijobs.RequestTooLargeError("Too large."),
    aijobs.ConfigurationError("No address."),
    aijobs.JobNotFoundError(JOB.id),
    aijobs.ScheduleNotFoundError("nightly"),
    aijobs.DeadLetterNotFoundError(JOB.id),
    aijobs.SuggestionNotFoundError(JOB.id),
    aijobs.SuggestionDecidedError(JOB.id, "rejected"),
    aijobs.SuggestionOutdatedError(JOB.id, based_on=1, revision=2),
    aijobs.BatchNotFoundError("harbours"),
    aijobs.BatchHeldError("harbours", held_by="process 7 on data-box"),
    aijobs.BatchPausedError("The budget is used up.", finished=3, total=9),
    aijobs.IdempotencyConflictError("order-7", JOB.id),
    aijobs.AdmissionError("Later.", retry_after_seconds=3),
    aijobs.TooManyJobsError(10, retry_after_seconds=3),
    aijobs.TooManyStreamsError(10, retry_after_seconds=3),
    aijobs.RateLimitedError("test_job", retry_after_seconds=3),
    aijobs.AuthenticationError("No key."),
    aijobs.PermissionDeniedError("write"),
    aijobs.StoreUnavailableError("Away."),
    aijobs.UnreadableRecordError(f"Job {JOB.id}", "its `payload` is no JSON", job_id=JOB.id),
    aijobs.ServerUnavailableError("Away."),
    aijobs.JobError(JOB, INFO, "Over."),
    aijobs.JobFailedError(JOB, INFO),
    aijobs.JobCancelledError(JOB, INFO),
    aijobs.InvalidOutputError(JOB, BaseModel, "it is empty"),
    aijobs.ProviderError("No.", code="no", category=INFO.category, provider="openai", retryable=True),
    aijobs.CircuitOpenError("openai", retry_after_seconds=3, spread_seconds=1),
    aijobs.ProviderBusyError("openai", wait_seconds=3, spread_seconds=1),
]


def test_a_pickled_handle_is_small_and_holds_no_key(server: ScriptedServer, client: aijobs.Client) -> None:
    data = pickle.dumps(client.submit("Write a haiku about rivers", model="gpt-5.2"))
    assert len(data) <= 1024
    assert KEY.encode() not in data


@pytest.mark.parametrize("attach", [False, True], ids=["submitted", "attached"])
def test_a_pickled_handle_works_in_a_fresh_interpreter(
    server: ScriptedServer, client: aijobs.Client, attach: bool
) -> None:
    server.api.story = takes(1)
    job = client.submit(type="test_job")
    data = pickle.dumps(client.job(job.id) if attach else job)
    there = "import pickle, sys; print(pickle.load(sys.stdin.buffer).result(timeout=10).echo)"
    assert run(there, server, stdin=data) == ("done\n", "")


def test_a_pickled_handle_holds_nothing_of_what_was_asked(client: aijobs.Client) -> None:
    assert b"haiku" not in pickle.dumps(client.submit("Write a haiku about rivers", model="gpt-5.2"))


def test_every_error_that_can_be_caught_is_tried_here() -> None:
    public = [getattr(aijobs, name) for name in aijobs.__all__]
    errors = {one for one in public if isinstance(one, type) and issubclass(one, Exception)}
    assert {type(error) for error in ERRORS} == {error for error in errors if not issubclass(error, Warning)}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_after_a_journey(error: aijobs.AIJobsError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.code, vars(arrived)) == (str(error), error.code, vars(error))


def test_an_error_crosses_from_a_worker_process() -> None:
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context) as processes,
        pytest.raises(aijobs.JobFailedError, match="No credits") as failed,
    ):
        processes.submit(throw, aijobs.JobFailedError(JOB, INFO)).result()
    assert (failed.value.job, failed.value.info) == (JOB, INFO)


def test_futures_are_those_of_the_standard_library(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(0.3)
    futures = [client.submit(type="test_job").future() for _ in range(5)]
    assert [future.result() for future in concurrent.futures.as_completed(futures, timeout=10)] == [DONE] * 5
    assert concurrent.futures.wait(futures).not_done == set()
