"""What no client would send, byte for byte, and what comes back."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

PATIENCE_SECONDS = 10
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Place(NamedTuple):
    """A server, and the key of somebody who attacks it."""

    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        """Open a connection that is not waited on for ever."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            yield connection

    def head(self, method: str = "POST", path: str = "/api/jobs", *headers: bytes) -> bytes:
        """Return the head of a request with a key, and these headers as they are."""
        own = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.key}")
        return b"\r\n".join([*(line.encode() for line in own), *headers, b"", b""])

    def answer_to(self, *parts: bytes) -> bytes:
        """Send all this on one connection, and return everything that comes back until the server closes it."""
        with self.connection() as connection:
            with suppress(ConnectionError):  # who is refused early need not be heard to the end
                for part in parts:
                    connection.sendall(part)
            return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    read = bytearray()
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            read += part
    return bytes(read)


def seconds_until_closed(connection: socket.socket, *, trickling: bytes) -> float:
    """Return how long the other side stays, though a little comes every now and then; at most PATIENCE_SECONDS."""
    began_at = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - began_at < PATIENCE_SECONDS:
        try:
            connection.sendall(trickling)
            if not connection.recv(65_536):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began_at


def statuses(answers: bytes) -> list[int]:
    """Return the status of every answer in what came back."""
    return [int(status) for status in _STATUS.findall(answers)]
