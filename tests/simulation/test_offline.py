"""While the guard stands at the door no packet leaves this machine, whichever way it tries."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable

import httpx
import httpx2
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.offline import offline

ELSEWHERE = "192.0.2.1"  # reserved for examples: nobody is there
CLOSED_PORT = 9


def connect() -> None:
    with socket.socket() as one:
        one.settimeout(0.1)
        one.connect((ELSEWHERE, CLOSED_PORT))


def connect_by_name() -> None:
    socket.create_connection(("example.org", 443), timeout=0.1)


def send_a_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(b"hello", (ELSEWHERE, CLOSED_PORT))


def connect_on_a_loop() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, CLOSED_PORT), 0.1))


def ask_who_has_an_address() -> None:
    socket.gethostbyaddr(ELSEWHERE)


def ask_for_the_name_of_a_peer() -> None:
    socket.getnameinfo((ELSEWHERE, CLOSED_PORT), 0)


@pytest.mark.parametrize(
    "attempt",
    [
        connect,
        connect_by_name,
        send_a_datagram,
        connect_on_a_loop,
        ask_who_has_an_address,
        ask_for_the_name_of_a_peer,
    ],
)
def test_nothing_reaches_another_machine(attempt: Callable[[], None]) -> None:
    with offline(), pytest.raises(ConnectionRefusedError, match="Mock mode is offline: nothing was sent to"):
        attempt()


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_clients_say_that_they_could_not_connect(library: object) -> None:
    with offline(), pytest.raises(library.ConnectError, match="Mock mode is offline"):  # type: ignore[attr-defined]
        library.get("https://example.org/")  # type: ignore[attr-defined]


def test_other_threads_are_guarded_as_well() -> None:
    raised: list[BaseException] = []

    def attempt() -> None:
        with pytest.raises(ConnectionRefusedError) as refused:
            connect()
        raised.append(refused.value)

    with offline():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert raised


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "0.0.0.0", "::ffff:127.0.0.1"])
def test_this_machine_can_be_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, offline():
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()


def test_a_name_that_is_no_text_is_refused_as_any_other() -> None:
    with offline(), pytest.raises(ConnectionRefusedError, match="Mock mode is offline"):
        socket.getaddrinfo(b"\xff.example", 443)


def test_the_guard_leaves_when_the_last_block_ends() -> None:
    with offline(), offline():
        pass
    sys.audit("socket.connect", None, (ELSEWHERE, CLOSED_PORT))  # what a socket says before it connects


def test_a_simulated_world_is_offline() -> None:
    with aijobs.mock(), pytest.raises(ConnectionRefusedError):
        sys.audit("socket.connect", None, (ELSEWHERE, CLOSED_PORT))


def test_a_simulated_world_lets_others_out_where_it_is_told_to() -> None:
    with aijobs.mock(allow_network=True):
        sys.audit("socket.connect", None, (ELSEWHERE, CLOSED_PORT))
