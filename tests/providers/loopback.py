"""A server on this machine that answers as it is told, and sees who hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Loopback:
    """A running server, and what it saw."""

    url: str
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody closed the connection before the answer was over."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def asked(self, times: int) -> None:
        """Return once so many requests have come."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.requests) >= times)


@asynccontextmanager
async def loopback(reply: Reply) -> AsyncGenerator[Loopback]:
    """Serve every request with this reply, on connections that stay open."""
    seen = Loopback(url="")

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        seen.connections += 1
        try:
            await _serve_all(seen, reply, reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _serve_all(seen: Loopback, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            seen.requests.append(await _request(reader))
            async with seen.news:
                seen.news.notify_all()
            answering = asyncio.ensure_future(reply(writer))
            leaving = asyncio.ensure_future(reader.read(1))
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            for one in (answering, leaving):
                one.cancel()
            await asyncio.wait([answering, leaving])
            if answering.cancelled():
                seen.hung_up.set()
                return


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)


def whole(body: bytes, *, status: str = "200 OK", headers: str = "content-type: application/json\r\n") -> Reply:
    """Return a reply that is there at once."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return reply


def endless(*events: bytes) -> Reply:
    """Return a stream that sends these events and then neither ends nor goes on."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for event in events:
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
        await asyncio.Event().wait()

    return reply


async def cut(writer: asyncio.StreamWriter) -> None:
    """Begin an answer, and close the connection in the middle of it."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
    await writer.drain()
    writer.close()


async def silence(_: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await asyncio.Event().wait()
