"""The server on its socket: callers who take their time, and a stop that waits for nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server import serving as serving_module
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.serving import serving
from server.hostile.attack import rest_of
from server.server_worlds import OURS, KeyRing, a_test_job, bearer, new_backend
from server.streams import followed, submit

MIB = 1024 * 1024


@pytest.fixture
def real_app(keys: KeyRing) -> FastAPI:
    """An application in real time."""
    return create_app(new_backend(SystemClock()).acting_for, keys=keys)


def test_a_server_with_a_hundred_open_streams_stops_soon(real_app: FastAPI, keys: KeyRing) -> None:
    limits, headers = httpx.Limits(max_connections=None), bearer(keys.cut(OURS))
    with ExitStack() as stack:
        with serving(real_app) as url:
            client = stack.enter_context(httpx.Client(base_url=url, headers=headers, limits=limits))
            path = f"/api/jobs/{submit(client, seconds=600)}/events"
            streams = [stack.enter_context(followed(client, "GET", path)) for _ in range(100)]
            first = [next(stream).event for stream in streams]
            stopping_at = time.monotonic()
        took = time.monotonic() - stopping_at
        rest = [[event.event for event in stream] for stream in streams]
    assert took < 2
    assert (set(first), {"completed"} & {kind for kinds in rest for kind in kinds}) == ({"accepted"}, set())


def test_one_stream_too_many_is_told_so(socket_client: httpx.Client) -> None:
    path = f"/api/jobs/{submit(socket_client, seconds=600)}/events"
    with ExitStack() as stack:
        client = stack.enter_context(
            httpx.Client(
                base_url=socket_client.base_url,
                headers=socket_client.headers,
                limits=httpx.Limits(max_connections=None),
            )
        )
        streams = [stack.enter_context(followed(client, "GET", path)) for _ in range(100)]
        assert {next(stream).event for stream in streams} == {"accepted"}
        refused = client.get(path)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        429,
        "too_many_streams",
        "1",
    )


@pytest.fixture
def impatient(real_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A connection to a server that waits half a second for a request."""
    monkeypatch.setattr(serving_module, "HEAD_SECONDS", 0.5)
    with serving(real_app) as url, socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
        connection.settimeout(5)
        yield connection


def test_a_caller_who_says_nothing_is_not_waited_for(impatient: socket.socket) -> None:
    assert impatient.recv(100) == b""


def test_a_caller_who_never_ends_the_head_is_not_waited_for(impatient: socket.socket) -> None:
    impatient.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    assert impatient.recv(100) == b""


def test_a_head_that_is_too_long_is_refused(impatient: socket.socket) -> None:
    impatient.sendall(b"GET /healthz HTTP/1.1\r\n" + b"X: %s\r\n" % (b"x" * 1000) * 70)
    assert impatient.recv(100).startswith(b"HTTP/1.1 400 ")


def test_an_address_that_is_no_text_is_refused(impatient: socket.socket) -> None:
    impatient.sendall(b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert impatient.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.fixture
def roomy_app(keys: KeyRing) -> FastAPI:
    """An application whose answers are so long that no system keeps one for a reader."""
    return create_app(new_backend(SystemClock()).acting_for, keys=keys, limits=ServerLimits(max_body_bytes=40 * MIB))


@pytest.fixture
def asking(roomy_app: FastAPI, keys: KeyRing, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A connection on which 40 MiB were asked for, to a server that waits two seconds for readers."""
    monkeypatch.setattr(serving_module, "TAKE_SECONDS", 2.0)
    key = bearer(keys.cut(OURS))
    with (
        serving(roomy_app) as url,
        httpx.Client(base_url=url, headers=key) as client,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection,
    ):
        client.post("/api/jobs", json=a_test_job(echo="x" * 20 * MIB, seconds=600))
        client.post("/api/jobs", json=a_test_job(echo="x" * 20 * MIB, seconds=600))
        connection.settimeout(10)
        head = f"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key['Authorization']}\r\n\r\n"
        connection.sendall(head.encode())
        yield connection


def test_a_caller_who_takes_no_answer_is_not_waited_for(
    asking: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    time.sleep(3)
    assert len(rest_of(asking)) < 40 * MIB
    assert "broke" not in caplog.text


def test_a_caller_who_takes_its_time_gets_the_whole_answer(asking: socket.socket) -> None:
    with asking.makefile("rb") as answer:
        taken = [_after_a_pause(answer) for _ in range(10)]
    assert taken == [4 * MIB] * 10


def _after_a_pause(answer: BinaryIO) -> int:
    time.sleep(0.3)
    return len(answer.read(4 * MIB))


def test_the_world_is_left_on_the_loop_that_served_it(keys: KeyRing) -> None:
    backend: LocalBackend = new_backend(SystemClock())
    with serving(create_app(backend.acting_for, keys=keys)) as url:
        with httpx.Client(base_url=url, headers=bearer(keys.cut(OURS))) as client:
            submit(client)
        assert "aijobs-server" in {thread.name for thread in threading.enumerate()}
    assert "aijobs-server" not in {thread.name for thread in threading.enumerate()}
