"""One request and its answer in HTTP/1.1, written out by hand, so that a test can break it at any byte."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked, and when by the monotonic clock."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def line(self) -> str:
        """Method and path, as `GET /api/jobs`."""
        return f"{self.method} {urlsplit(self.target).path}"

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> dict[str, JsonValue]:
        read: dict[str, JsonValue] = json.loads(self.body)
        return read


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that is there at once."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event."""

    event: str
    data: str
    id: str | None = None

    @property
    def is_of_the_log(self) -> bool:
        return self.event not in {"job", "missing"}

    def at(self, place: str) -> Frame:
        """Return the frame with an id, from which a stream can go on."""
        return replace(self, id=place)

    def encode(self) -> bytes:
        where = "" if self.id is None else f"id: {self.id}\n"
        return f"{where}event: {self.event}\ndata: {self.data}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: frames as they come, after the time to come back in."""

    frames: AsyncGenerator[Frame]
    retry_ms: int


Answer = Whole | Stream


def as_json(data: JsonValue, status: int = 200, *, kind: str = "application/json") -> Whole:
    """Return an answer in JSON."""
    return Whole(status, json.dumps(data).encode(), {"content-type": kind})


def problem(status: int, code: str, detail: str, *, retry_after: int | None = None) -> Whole:
    """Return an error in the words of the API."""
    document: dict[str, JsonValue] = {"type": f"urn:aijobs:error:{code}", "status": status, "code": code}
    wait: dict[str, JsonValue] = {} if retry_after is None else {"retry_after_seconds": retry_after}
    return as_json(document | {"detail": detail} | wait, status, kind="application/problem+json")


class Line:
    """The way back to a client."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        # A head and a body in two packets otherwise wait for each other: 44 ms a request.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    async def send(self, answer: Answer) -> None:
        """Send an answer as it should be."""
        if isinstance(answer, Whole):
            await self.send_whole(answer)
            return
        await self.begin_stream(answer)
        async for frame in answer.frames:
            await self.send_piece(frame.encode())
        await self.end_stream()

    async def send_whole(self, answer: Whole) -> None:
        head = _head(answer.status, {**answer.headers, "content-length": str(len(answer.body))})
        await self.send_bytes(head + answer.body)

    async def begin_stream(self, stream: Stream) -> None:
        await self.send_bytes(_head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        await self.send_piece(f"retry: {stream.retry_ms}\n\n".encode())

    async def send_piece(self, piece: bytes) -> None:
        await self.send_bytes(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def end_stream(self) -> None:
        await self.send_bytes(b"0\r\n\r\n")

    async def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    @property
    def is_closing(self) -> bool:
        return self._writer.is_closing()

    def hang_up(self) -> None:
        """Close the connection, as far as we have come."""
        self._writer.close()

    def reset(self) -> None:
        """Break the connection off: the other end reads "connection reset by peer"."""
        if self._socket.fileno() < 0:  # it was closed meanwhile
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request of a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, time.monotonic())


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode()
