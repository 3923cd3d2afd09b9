"""Virtual time at a server: hours pass at once, and what falls due in them happens in its order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from mock_server.app import MockApp
from mock_server.server import running, running_app
from mock_server.times import MOST_SECONDS, VIRTUAL

AN_HOUR = 3600
BUSY = {"steps": [{"fault": {"kind": "status", "status": 429, "retry_after": 600}}, {"ok": {"text": "Hi"}}]}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    with running_app(MockApp(VIRTUAL.new_world, keys_required=False, time=VIRTUAL)) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    httpx.post(f"{server}/_sim/reset").raise_for_status()
    return server


@pytest.fixture
def client(url: str) -> Iterator[aijobs.Client]:
    with aijobs.Client(url) as client:
        yield client


def let_pass(url: str, seconds: float) -> datetime:
    """Return what time it is then."""
    answer = httpx.post(f"{url}/_sim/clock", json={"advance_seconds": seconds}, timeout=30).raise_for_status()
    return datetime.fromisoformat(answer.json()["now"])


def test_a_world_begins_today_and_again_after_a_reset(url: str) -> None:
    let_pass(url, 24 * AN_HOUR)
    httpx.post(f"{url}/_sim/reset").raise_for_status()
    assert abs(let_pass(url, 0) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_job_for_later_runs_when_its_hour_has_come(url: str, client: aijobs.Client) -> None:
    job = client.submit(type="test_job", run_at=datetime.now(UTC) + timedelta(hours=1))
    let_pass(url, AN_HOUR / 2)
    assert job.refresh().status == "pending"
    let_pass(url, AN_HOUR)
    assert job.wait(timeout=30).status == "completed"


def test_a_long_wait_before_a_retry_takes_no_time(url: str, client: aijobs.Client) -> None:
    httpx.post(f"{url}/_sim/rules", json=BUSY).raise_for_status()
    job = client.submit("Say hello", model="gpt-5.2")
    assert "retrying" in (event.kind for event in job.stream())
    let_pass(url, AN_HOUR)
    assert (job.result(timeout=30).content, job.wait().attempts) == ("Hi", 2)


def test_a_schedule_submits_what_fell_due_meanwhile(url: str, client: aijobs.Client) -> None:
    client.schedule("often", cron="*/10 * * * *", type="test_job")
    let_pass(url, AN_HOUR)
    assert len(list(client.list())) == 6


def test_a_running_job_stays_with_its_worker_while_days_pass(url: str, client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 200})
    assert "started" in (event.kind for event in job.stream())
    let_pass(url, 5 * 24 * AN_HOUR)  # in steps that are longer than a lease
    done = job.wait(timeout=30)
    assert (done.status, done.attempts) == ("completed", 1)


@pytest.mark.parametrize(
    "asked", [{}, [], {"advance_seconds": -1}, {"advance_seconds": True}, {"advance_seconds": "1h"}]
)
def test_what_is_no_span_of_time_is_refused(url: str, asked: object) -> None:
    answer = httpx.post(f"{url}/_sim/clock", json=asked)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "advance_seconds")


def test_more_than_a_year_is_refused(url: str) -> None:
    answer = httpx.post(f"{url}/_sim/clock", json={"advance_seconds": MOST_SECONDS + 1})
    assert answer.status_code == 400


def test_real_time_cannot_be_hurried() -> None:
    with running(partial(Mock, virtual=False)) as url:
        answer = httpx.post(f"{url}/_sim/clock", json={"advance_seconds": 1})
    assert (answer.status_code, "--clock virtual" in answer.json()["error"]) == (400, True)
