"""Reads a vendor's answer while it comes, event by event (server-sent events, WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing, suppress

import httpx2

MOST_EVENT_BYTES = 64 * 1024 * 1024
"""The longest event: OpenAI's last one holds the whole answer, and the longest instructions again."""
ENDING_SECONDS = 1.0
"""How long a vendor may take to end a stream after its last event; the next call takes a new connection otherwise."""
_LINE_END = rb"[\r\n](?:(?<=\r)\n)?+"
_BETWEEN_EVENTS = re.compile(_LINE_END + _LINE_END)
"""It begins with a set of characters, which are looked for six times as fast as alternatives are."""
_LONGEST_BETWEEN = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What a gateway may begin with, and no reader is to take for a part of the first line."""
_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")
_FIELD = re.compile(rb"[\w-]*(:|$)")
"""How a line of an event begins, a comment's among them; one of JSON or HTML does not."""


async def read_events(response: httpx2.Response) -> AsyncGenerator[bytes]:
    """Yield the data of each event when it is there; an error may come as it is, in no event.

    Raises:
        ValueError: an event is longer than any can be.
    """
    waiting = _Waiting()
    async with aclosing(response.aiter_bytes()) as received:
        async for data in received:
            for frame in waiting.add(data):
                if body := _body(frame):
                    yield body
    rest = bytes(waiting.rest).removeprefix(_BYTE_ORDER_MARK)
    if body := _unframed(rest.splitlines()):  # and no event: one that did not come to its end is none
        yield body


async def within_bounds(received: AsyncIterable[bytes], most_bytes: int) -> AsyncGenerator[bytes]:
    """Pass on what comes, for a reader that keeps an event until it ends, however long it becomes.

    Raises:
        ValueError: an event is longer than that.
    """
    waiting, tail = 0, b""
    async for data in received:
        seen = tail + data  # the end of an event may have come in two parts
        ended = max(seen.rfind(end) + len(end) if end in seen else -1 for end in _ENDS)
        waiting = waiting + len(data) if ended < 0 else len(seen) - ended
        if waiting > most_bytes:
            raise ValueError(f"an event of more than {most_bytes:,} bytes")
        tail = seen[1 - _LONGEST_BETWEEN :]
        yield data


async def read_out(events: AsyncIterable[object]) -> None:
    """Read what follows the last event, which is nothing, so that the connection can serve the next call."""
    with suppress(Exception):  # the answer is whole, whatever becomes of the connection
        async with asyncio.timeout(ENDING_SECONDS):
            async for _ in events:
                pass


class _Waiting:
    """What has come, and makes no whole event yet."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def add(self, data: bytes) -> list[bytes]:
        """Return the events that are whole with this.

        Raises:
            ValueError: the next one is longer than any can be.
        """
        unsearched = max(0, len(self.rest) - _LONGEST_BETWEEN + 1)
        self.rest += data
        frames, begin = [], 0
        for end in _BETWEEN_EVENTS.finditer(self.rest, unsearched):
            frames.append(bytes(self.rest[begin : end.start()]))
            begin = end.end()
        del self.rest[:begin]
        if len(self.rest) > MOST_EVENT_BYTES:
            raise ValueError(f"an event of more than {MOST_EVENT_BYTES:,} bytes")
        return frames


def _body(frame: bytes) -> bytes:
    lines = frame.removeprefix(_BYTE_ORDER_MARK).splitlines()
    data = [line.removeprefix(b"data:") for line in lines if line.startswith(b"data:")]
    return b"\n".join(data).strip() if data else _unframed(lines)


def _unframed(lines: list[bytes]) -> bytes:
    return b"\n".join(line for line in lines if not _FIELD.match(line)).strip()
