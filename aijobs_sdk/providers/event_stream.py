"""Reads a vendor's answer while it comes, event by event (server-sent events, WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing, suppress

import httpx2

_BETWEEN_EVENTS = re.compile(rb"\r?\n\r?\n")
ENDING_SECONDS = 1.0
"""How long a vendor may take to end a stream after its last event; the next call takes a new connection otherwise."""


async def read_events(response: httpx2.Response) -> AsyncGenerator[bytes]:
    """Yield the data of each event when it is there; an error that ends the stream may come without its frame."""
    rest = b""
    async with aclosing(response.aiter_bytes()) as received:
        async for data in received:
            *frames, rest = _BETWEEN_EVENTS.split(rest + data)
            for frame in frames:
                if body := _body(frame):
                    yield body
    if not rest.startswith(b"data:") and (body := _body(rest)):
        yield body


async def read_out(events: AsyncIterable[object]) -> None:
    """Read what follows the last event, which is nothing, so that the connection can serve the next call."""
    with suppress(TimeoutError, httpx2.HTTPError):  # the answer is whole, whatever becomes of the connection
        async with asyncio.timeout(ENDING_SECONDS):
            async for _ in events:
                pass


def _body(frame: bytes) -> bytes:
    lines = frame.splitlines()
    data = [line.removeprefix(b"data:") for line in lines if line.startswith(b"data:")]
    return b"\n".join(data or [line for line in lines if not line.startswith(b":")]).strip()
