"""A server under test: one process at a free port of 127.0.0.1, ended by its own id."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, NamedTuple

from benchmarks.simulation.question import LEAST_EVENTS, PATH, body, events_in, headers

START_SECONDS = 30.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 10.0


class UnusableServerError(Exception):
    """A server cannot be had, does not start, or does not answer as it must; the message says which."""


def _nothing(_: str) -> None:
    pass


class Server(NamedTuple):
    """How to start a server, and how to tell it what to answer."""

    command: Callable[[int], Sequence[str]]
    """With the port to listen on."""
    tell: Callable[[str], None] = _nothing
    """With its address, once it listens."""


class Sizes(NamedTuple):
    """Of what a server answers."""

    stream_bytes: int
    events: int
    """Of a stream, its end mark included."""


class RunningServer:
    """A server that listens."""

    def __init__(self, address: str, pid: int) -> None:
        self.address = address
        self._account = Path(f"/proc/{pid}/stat")

    def cpu_seconds(self) -> float | None:
        """Return what its process has used so far, all threads; None where the system does not tell."""
        if not self._account.exists():
            return None
        # The second field is a name in brackets, in which anything may be; the 14th and 15th are user and system time.
        fields = self._account.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(server: Server) -> Iterator[RunningServer]:
    """Start the server, tell it what to answer, and yield it.

    Raises:
        UnusableServerError: it does not listen.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(server.command(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait_for(process, port, log)
            address = f"http://127.0.0.1:{port}"
            server.tell(address)
            yield RunningServer(address, process.pid)
        finally:
            _end(process)


def post(url: str, text: str) -> bytes:
    """Return the body of a good answer.

    Raises:
        UnusableServerError: there is none.
    """
    request = urllib.request.Request(url, text.encode(), headers())
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return bytes(answer.read())
    except (OSError, HTTPException) as error:  # a status that is no success is an OSError, too
        raise UnusableServerError(f"{url}: {error}") from error


def sizes_of_answers(address: str) -> Sizes:
    """Ask once for a whole answer and once for a stream.

    Raises:
        UnusableServerError: one of them is not as it must be.
    """
    plain, stream = post(address + PATH, body(stream=False)), post(address + PATH, body(stream=True))
    sizes = Sizes(len(stream), events_in(stream))
    if b'"content"' not in plain or sizes.events < LEAST_EVENTS:
        raise UnusableServerError(f"it answered {plain[:80]!r}, and streams {sizes.events} events")
    return sizes


def _wait_for(process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    log.seek(0)
    last = log.read().decode(errors="replace").strip().splitlines()[-1:]
    raise UnusableServerError(f"the server does not listen: {''.join(last) or 'it says nothing'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
