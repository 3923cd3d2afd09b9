"""What was asked once is done once, however often the answer is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import aijobs_sdk as aijobs
from aijobs_sdk.client.client import Client
from wire.scripted_server import ScriptedServer
from wire.weather import fair, lost, lost_in_silence


def attempts(server: ScriptedServer) -> list[tuple[str | None, bytes]]:
    """Return the key and the body of every attempt to submit."""
    return [(one.headers.get("idempotency-key"), one.body) for one in server.journal if one.line == "POST /api/jobs"]


def test_a_job_whose_replies_are_lost_is_submitted_once(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(lost, lost, on="POST /api/jobs")
    job = client.submit(type="test_job")
    assert list(server.api.jobs) == [job.id]
    first, *again = attempts(server)
    assert first[0]
    assert again == [first, first]


def test_a_job_whose_reply_never_comes_is_submitted_once(server: ScriptedServer, impatient: Client) -> None:
    server.forecast(lost_in_silence, on="POST /api/jobs")
    job = impatient.submit(type="test_job")
    assert list(server.api.jobs) == [job.id]
    assert len(set(attempts(server))) == 1


def test_many_jobs_in_one_submit_are_stored_once(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(lost, on="POST /api/jobs")
    jobs = client.submit_many([client.request(type="test_job", payload={"n": n}) for n in range(100)])
    assert [job.id for job in jobs] == list(server.api.jobs)
    assert len(set(attempts(server))) == 1


def test_a_hundred_submits_are_a_hundred_jobs_though_a_fifth_of_the_replies_is_lost(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.forecast_forever(cycle([fair, fair, lost, fair, fair]), on="POST /api/jobs")
    with ThreadPoolExecutor(16) as threads:
        jobs = list(threads.map(lambda n: client.submit(type="test_job", payload={"n": n}), range(100)))
    assert {job.id for job in jobs} == set(server.api.jobs)
    assert len(server.api.jobs) == 100
    assert len(attempts(server)) >= 120
    assert len({key for key, _ in attempts(server)}) == len(set(attempts(server))) == 100


def test_two_submits_of_the_same_job_are_two_jobs(server: ScriptedServer, client: aijobs.Client) -> None:
    one, other = (client.submit(type="test_job") for _ in range(2))
    assert list(server.api.jobs) == [one.id, other.id]


def test_a_key_of_ones_own_is_the_one_that_counts(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(lost, on="POST /api/jobs")
    one, other = (client.submit(type="test_job", idempotency_key="order-7") for _ in range(2))
    assert one.id == other.id
    assert list(server.api.jobs) == [one.id]


def test_a_lost_reply_to_a_cancel_is_asked_for_again(server: ScriptedServer, client: aijobs.Client) -> None:
    job = client.submit(type="test_job")
    server.forecast(lost, on="DELETE")
    assert job.cancel().id == job.id
    assert server.asked[f"DELETE /api/jobs/{job.id}"] == 2
