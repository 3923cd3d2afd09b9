"""Nothing that failed looks as if it had not, and nothing waits longer than it was told to."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

import aijobs_sdk as aijobs
from wire.exchange import problem
from wire.scripted_server import ScriptedServer
from wire.story import fails, takes
from wire.weather import says


def test_a_failed_job_raises_what_happened_to_it(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = fails("content_filtered", "The provider refused the answer.")
    job = client.submit(type="test_job")
    with pytest.raises(aijobs.JobFailedError, match="The provider refused the answer") as failed:
        job.result(timeout=10)
    assert failed.value.info == job.error
    assert (failed.value.code, failed.value.info.category) == ("content_filtered", "provider")
    assert failed.value.job.id == job.id
    assert str(job.id) in str(failed.value)


def test_a_cancelled_job_raises_that_it_was(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(60)
    job = client.submit(type="test_job")
    job.cancel()
    with pytest.raises(aijobs.JobCancelledError, match=str(job.id)) as cancelled:
        job.result(timeout=10)
    assert (cancelled.value.code, cancelled.value.job.id, job.cancelled()) == ("cancelled", job.id, True)


def test_the_stream_of_a_cancelled_job_ends(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(60)
    job = client.submit(type="test_job")
    events = job.stream()
    assert [next(events).kind, next(events).kind] == ["accepted", "started"]
    began = time.monotonic()
    job.cancel()
    assert [event.kind for event in events] == ["cancelled"]
    assert time.monotonic() - began <= 1


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_a_timeout_is_kept_and_is_the_builtin_one(
    server: ScriptedServer, client: aijobs.Client, seconds: float
) -> None:
    server.api.story = takes(60)
    job = client.submit(type="test_job")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="keeps running"):
        job.result(timeout=seconds)
    assert -0.05 <= time.monotonic() - began - seconds <= 0.3
    assert job.status == "processing"


def test_what_is_waited_for_is_told_apart_by_whether_it_is_over(server: ScriptedServer, client: aijobs.Client) -> None:
    quick, slow = client.job(server.api.add(takes(0)).id), client.job(server.api.add(takes(60)).id)
    done, not_done = aijobs.wait([quick, slow], timeout=1)
    assert (done, not_done) == ([quick], [slow])


def test_a_job_of_nobody_is_not_found(client: aijobs.Client) -> None:
    nobody = uuid4()
    with pytest.raises(aijobs.JobNotFoundError, match=str(nobody)):
        client.job(nobody).result(timeout=10)
    with pytest.raises(aijobs.JobNotFoundError, match=str(nobody)):
        list(client.job(nobody).stream())


def test_a_key_that_is_not_known_is_asked_with_once(server: ScriptedServer) -> None:
    with aijobs.Client(server.url, api_key="aij_other") as client, pytest.raises(aijobs.AuthenticationError):
        client.submit(type="test_job")
    assert len(server.journal) == 1


def test_a_refused_field_is_named(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(says(problem(422, "unknown_model", "`model` is none of ours.")))
    with pytest.raises(aijobs.InvalidRequestError, match="none of ours") as refused:
        client.submit("hi", model="gpt-0")
    assert refused.value.code == "unknown_model"
    assert len(server.journal) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with aijobs.Client(url, api_key="aij_any") as client, pytest.raises(TimeoutError):
        client.job(uuid4()).wait(timeout=1)
