"""The job API of the simulation: one world with the vendors, that begins anew when it is told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import openai
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from mock_server.app import MockApp
from mock_server.server import running_app

KEY = f"aij_{'k' * 12}_{'s' * 43}"
A_LONG_JOB: dict[str, Any] = {"type": "test_job", "payload": {"seconds": 600}}
BUSY = {"steps": [{"fault": {"kind": "status", "status": 429, "retry_after": 0.1}}, {"ok": {"text": "Hi"}}]}
RIVERS: list[Any] = [{"role": "user", "content": "Tell me about rivers"}]

A_STREAM = {"model": "gpt-5.2", "messages": RIVERS, "stream": True}


@pytest.fixture(scope="module")
def app() -> MockApp:
    return MockApp(partial(Mock, 7, "instant", virtual=False))


@pytest.fixture(scope="module")
def server(app: MockApp) -> Iterator[str]:
    """The address of a server for the tests of this file."""
    with running_app(app) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    httpx.post(f"{server}/_sim/reset").raise_for_status()
    return server


@pytest.fixture
def client(app: MockApp, url: str) -> Iterator[aijobs.Client]:
    """Somebody with the key that the server has made."""
    with aijobs.Client(url, api_key=app.jobs.new_key) as client:
        yield client


def test_jobs_go_through_what_is_scripted(url: str, client: aijobs.Client) -> None:
    httpx.post(f"{url}/_sim/rules", json=BUSY).raise_for_status()
    job = client.submit("Say hello", model="gpt-5.2")
    assert (job.result(timeout=30).content, job.wait().attempts) == ("Hi", 2)


def test_a_scenario_is_one_post_away(url: str, client: aijobs.Client) -> None:
    httpx.post(f"{url}/_sim/scenario", json={"rules": [BUSY]}).raise_for_status()
    assert client.submit("Say hello", model="gpt-5.2").wait(timeout=30).attempts == 2


def test_jobs_and_vendors_share_one_journal(url: str, client: aijobs.Client) -> None:
    client.submit("Say hello", model="gpt-5.2").result(timeout=30)
    vendor = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    vendor.chat.completions.create(model="gpt-5.2", messages=RIVERS)
    calls = httpx.get(f"{url}/_sim/journal").json()["calls"]
    assert [call["outcome"] for call in calls] == ["ok", "ok"]


def test_a_reset_forgets_jobs_and_keeps_the_key(url: str, client: aijobs.Client) -> None:
    job = client.submit("Say hello", model="gpt-5.2")
    httpx.post(f"{url}/_sim/reset").raise_for_status()
    assert list(client.list()) == []
    with pytest.raises(aijobs.JobNotFoundError):
        job.refresh()


def test_who_follows_a_job_is_told_when_a_reset_has_forgotten_it(url: str, client: aijobs.Client) -> None:
    stream = client.submit(**A_LONG_JOB).stream()
    assert next(stream).kind == "accepted"
    httpx.post(f"{url}/_sim/reset").raise_for_status()
    with pytest.raises(aijobs.JobNotFoundError):
        list(stream)


def test_after_a_reset_jobs_are_followed_as_before(url: str, client: aijobs.Client) -> None:
    httpx.post(f"{url}/_sim/reset").raise_for_status()
    kinds = [event.kind for event in client.submit("Say hello", model="gpt-5.2").stream()]
    assert (kinds[0], kinds[-1]) == ("accepted", "completed")


@pytest.mark.parametrize("key", ["", KEY, "hunter2"])
def test_a_caller_without_the_key_is_refused(url: str, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = httpx.get(f"{url}/api/jobs", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_the_key_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_API_KEY", KEY)
    app = MockApp(partial(Mock, virtual=False))
    with running_app(app) as url, aijobs.Client(url) as client:
        assert (app.jobs.new_key, client.health().healthy) == (None, True)


def test_where_keys_are_not_required_the_address_is_enough() -> None:
    with (
        running_app(MockApp(partial(Mock, virtual=False), keys_required=False)) as url,
        aijobs.Client(url) as client,
    ):
        assert client.submit("Say hello", model="gpt-5.2").result(timeout=30).content


def test_open_streams_of_jobs_and_vendors_do_not_hold_the_server_up(caplog: pytest.LogCaptureFixture) -> None:
    app = MockApp(partial(Mock, virtual=False), keys_required=False)
    with httpx.Client() as caller:
        with running_app(app) as url:
            caller.post(f"{url}/_sim/rules", json={"steps": [{"fault": {"kind": "stall", "after_tokens": 10}}]})
            vendor = opened(caller, "POST", f"{url}/v1/chat/completions", json=A_STREAM)
            job_id = caller.post(f"{url}/api/jobs", json=A_LONG_JOB).json()["id"]
            events = opened(caller, "GET", f"{url}/api/jobs/{job_id}/events")
            stopping_at = time.monotonic()
        assert time.monotonic() - stopping_at < 2
        events.read()  # to its end, which is a clean one
        with pytest.raises(httpx.TransportError):
            vendor.read()
    assert caplog.text == ""


def test_a_caller_who_has_not_said_all_does_not_hold_the_server_up(caplog: pytest.LogCaptureFixture) -> None:
    app = MockApp(partial(Mock, virtual=False), keys_required=False)
    with socket.socket() as caller:
        with running_app(app) as url:
            caller.connect((httpx.URL(url).host, httpx.URL(url).port))
            caller.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
            assert caller.recv(100).startswith(b"HTTP/1.1 100")  # so that it is listened to
        assert caller.recv(100) == b""
    assert caplog.text == ""


def opened(caller: httpx.Client, method: str, url: str, **more: Any) -> httpx.Response:
    """Return an answer of which the head is here."""
    return caller.send(caller.build_request(method, url, **more), stream=True)
