"""Waiting costs a server little, and ends when the job does."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import aijobs_sdk as aijobs
from wire.exchange import Whole, problem
from wire.scripted_server import ScriptedServer
from wire.story import DONE, takes

NO_ROUTE = problem(404, "not_found", "There is nothing here.")
NO_STREAMS = Whole(501, b"<html>Not Implemented</html>", {"content-type": "text/html"})


def seconds_late(server: ScriptedServer, job: aijobs.JobHandle[aijobs.JobResult], *, takes: float) -> float:
    """Return how long ago the job completed."""
    return server.api.jobs[job.id].age - takes


def test_a_wait_of_three_seconds_takes_one_request(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(3)
    job = client.submit(type="test_job")
    assert job.result(timeout=10) == DONE
    assert seconds_late(server, job, takes=3) <= 0.3
    assert len(server.journal) - 1 == 1


@pytest.mark.parametrize(
    "looked_at",
    [
        lambda job: job.result(timeout=0),
        lambda job: aijobs.wait([job], timeout=0).done[0].result(),
        lambda job: next(aijobs.as_completed([job], timeout=0)).result(),
    ],
    ids=["result", "wait", "as_completed"],
)
def test_a_loop_that_looks_without_waiting_sees_the_end_of_a_job(
    server: ScriptedServer, client: aijobs.Client, looked_at: Callable[[aijobs.JobHandle[Any]], object]
) -> None:
    server.api.story = takes(0)
    job = client.job(client.submit(type="test_job").id)
    assert looked_at(job) == DONE
    assert len(server.journal) - 1 == 1


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_look_at_a_job_that_goes_on_is_over_at_once(
    server: ScriptedServer, client: aijobs.Client, timeout: float
) -> None:
    server.api.story = takes(60)
    job = client.submit(type="test_job")
    with pytest.raises(TimeoutError, match="it keeps running"):
        job.wait(timeout=timeout)
    assert aijobs.wait([job], timeout=timeout) == ([], [job])


@pytest.mark.parametrize("refusal", [NO_ROUTE, NO_STREAMS], ids=["404", "501"])
def test_a_server_without_event_streams_is_asked_now_and_then(
    server: ScriptedServer, client: aijobs.Client, refusal: Whole
) -> None:
    server.api.story = takes(3)
    server.api.says_of_streams = refusal
    job = client.submit(type="test_job")
    assert job.result(timeout=20) == DONE
    assert len(server.journal) - 1 <= 8


def test_five_hundred_jobs_are_followed_over_sixteen_streams(server: ScriptedServer, client: aijobs.Client) -> None:
    others = set(threading.enumerate())
    server.api.story = takes(2)
    jobs = client.submit_many([client.request(type="test_job", payload={"n": n}) for n in range(500)])
    done, not_done = aijobs.wait(jobs, timeout=60)
    assert (len(done), not_done) == (500, [])
    assert 1 <= server.most_streams <= 16
    assert len(server.journal) <= 3 * 500
    assert len(set(threading.enumerate()) - others) <= 2


def a_wait_begun_later(client: aijobs.Client) -> concurrent.futures.Future[aijobs.JobResult]:
    """Begin to wait for one more job, some time after the last: it could have a stream of its own."""
    time.sleep(0.06)
    return client.submit(type="test_job").future()


def test_waits_that_begin_one_after_the_other_share_sixteen_streams(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.api.story = takes(4)
    waits = [a_wait_begun_later(client) for _ in range(40)]
    assert [one.result(timeout=30) for one in waits] == [DONE] * 40
    assert 2 <= server.most_streams <= 16 + 1  # a server hears of who comes before it hears of who left
    assert len(server.journal) <= 3 * 40


def test_a_loop_over_the_results_of_one_call_is_told_of_many_at_once(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.api.story = takes(0)
    jobs = client.submit_many([client.request(type="test_job", payload={"n": n}) for n in range(200)])
    assert [job.result(timeout=10) for job in jobs] == [DONE] * 200
    assert len(server.journal) - 1 <= 5


def test_streams_that_were_read_to_their_end_leave_no_connection_behind(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.api.story = takes(0)
    assert [client.submit(type="test_job").result(timeout=10) for _ in range(100)] == [DONE] * 100


def test_streams_that_nobody_reads_any_more_leave_no_connection_behind(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.api.story = takes(60)
    job = client.submit(type="test_job")
    assert [next(iter(job.stream())).seq for _ in range(100)] == [1] * 100


def test_many_jobs_are_each_seen_to_end(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(0.5)
    jobs = [client.submit(type="test_job") for _ in range(40)]
    done = {job.id: time.monotonic() for job in aijobs.as_completed(jobs, timeout=30)}
    late = [done[job.id] - server.api.jobs[job.id].born - 0.5 for job in jobs]
    assert max(late) <= 1
