"""Callers in great numbers, who say nothing, take nothing, or stay: others are served, and memory is bounded."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from server.hostile.attack import Place, rest_of, statuses
from server.hostile.conftest import Host, Hosted
from server.server_worlds import a_test_job, bearer

CROWD = 1000
MOST_MIB_OF_A_CROWD = 100
"""What 1,000 may cost: they took 30 MiB when this was written."""


@contextmanager
def crowd(place: Place, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open 1,000 connections, and send the same on each."""
    with ExitStack() as stack:
        yield [_connected(stack, place, sent) for _ in range(CROWD)]


def _connected(stack: ExitStack, place: Place, sent: bytes) -> socket.socket:
    connection = stack.enter_context(place.connection())
    connection.sendall(sent)  # at once: who says nothing is not waited for until all have come
    return connection


def begun(connection: socket.socket) -> int:
    """Return the status of an answer that has begun."""
    return statuses(connection.recv(4096))[0]


def submitted(place: Place, **payload: Any) -> str:
    answer = httpx.post(f"{place.url}/api/jobs", json=a_test_job(**payload), headers=bearer(place.key))
    return str(answer.json()["id"])


def whole_stream(place: Place, job_id: str) -> bytes:
    return httpx.get(f"{place.url}/api/jobs/{job_id}/events", headers=bearer(place.key), timeout=30).content


def slowest_of_a_few(server: Hosted) -> float:
    """Return how many seconds the server works at most while one of twenty requests waits."""
    began_at = [server.cpu_seconds(), *(_asked(server) for _ in range(20))]
    return max(after - before for before, after in itertools.pairwise(began_at))


def _asked(server: Hosted) -> float:
    assert server.theirs.post("/api/jobs", json=a_test_job()).status_code == 201
    return server.cpu_seconds()


def test_a_thousand_who_say_nothing_are_let_go(hosted_once: Hosted, place: Place) -> None:
    before = hosted_once.memory_mib()
    with crowd(place, b"") as connections:
        assert slowest_of_a_few(hosted_once) < 1
        assert hosted_once.memory_mib() - before < MOST_MIB_OF_A_CROWD
        assert {rest_of(connection) for connection in connections} == {b""}


@pytest.fixture(scope="module")
def roomy(host: Host) -> Hosted:
    """A server that lets a tenant have a thousand streams."""
    return host(max_streams_per_tenant=CROWD)


def test_a_thousand_idle_streams_cost_little(roomy: Hosted) -> None:
    job_id = submitted(roomy.place, seconds=600)
    before = roomy.memory_mib()
    with crowd(roomy.place, roomy.place.head("GET", f"/api/jobs/{job_id}/events")) as streams:
        assert {begun(stream) for stream in streams} == {200}
        assert slowest_of_a_few(roomy) < 1
        assert roomy.memory_mib() - before < MOST_MIB_OF_A_CROWD


def test_who_takes_nothing_of_a_chatty_stream_costs_a_box(roomy: Hosted) -> None:
    text = ["x" * 10_000] * 600
    jobs = [submitted(roomy.place, text=text) for _ in range(5)]
    assert [len(whole_stream(roomy.place, job)) > 6_000_000 for job in jobs] == [True] * 5
    before = roomy.memory_mib()
    with ExitStack() as stack:
        stuck = [stack.enter_context(roomy.place.connection()) for _ in range(100)]
        for n, connection in enumerate(stuck):
            connection.sendall(roomy.place.head("GET", f"/api/jobs/{jobs[n % 5]}/events"))
        assert {begun(connection) for connection in stuck} == {200}
        assert slowest_of_a_few(roomy) < 1
        assert roomy.memory_mib() - before < MOST_MIB_OF_A_CROWD  # in full, it were 600


def test_one_tenants_streams_take_none_of_anothers(hosted_once: Hosted, place: Place) -> None:
    job_id = submitted(place, seconds=600)
    theirs = hosted_once.theirs.post("/api/jobs", json=a_test_job(steps=3)).json()["id"]
    with crowd(place, place.head("GET", f"/api/jobs/{job_id}/events", b"Connection: close")) as streams:
        answers = [stream.recv(4096) for stream in streams]
        assert sorted(statuses(b"".join(answers))) == [200] * 100 + [429] * 900
        refused = answers[-1] + rest_of(streams[-1])
        assert (b"retry-after: 1\r\n" in refused, b'"too_many_streams"' in refused) == (True, True)
        assert hosted_once.theirs.get(f"/api/jobs/{theirs}/events").status_code == 200
