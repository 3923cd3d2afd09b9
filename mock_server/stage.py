"""Where a vendor's answer is acted out, in time as the simulation decided, to a caller who may leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aijobs_sdk.server.stays import Stays, end
from aijobs_sdk.simulation.wire.exchange import Chunk, Ending, HttpRequest, HttpResponse

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Elapsed = Callable[[], float]
"""Seconds since a request began."""
ABORT = "aijobs.abort"
"""The extension by which the server lets a connection break."""


class Stage:
    """Plays answers, and is cleared when the server stops."""

    def __init__(self) -> None:
        self._stays = Stays()

    def clear(self) -> None:
        """Break off every answer that takes its time, and each that comes after."""
        self._stays.end_all()

    def stay(self) -> AbstractAsyncContextManager[asyncio.Timeout]:
        """Let what takes its time inside be broken off when the stage is cleared.

        Raises:
            TimeoutError: it was, or whoever has the `Timeout` let it end.
        """
        return self._stays.one_more()

    async def play(
        self,
        response: HttpResponse,
        request: HttpRequest,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        elapsed: Elapsed,
    ) -> None:
        """Play while the caller listens; the world is told when it leaves."""
        # To watch the caller costs a task, and nobody can leave an answer that takes no time.
        if not response.ends_at_seconds:
            await play_through(response, elapsed, scope, send)
            return
        try:
            async with self.stay() as stay:
                watching = asyncio.create_task(_end_when_gone(stay, request, receive))
                try:
                    await play_through(response, elapsed, scope, send)
                finally:
                    watching.cancel()
        except TimeoutError:
            if self._stays.are_over:
                request.end(read_to_end=False)
                await break_off(scope)


async def play_through(response: HttpResponse, elapsed: Elapsed, scope: Scope, send: Send) -> None:
    """Send the answer, each part when it is due."""
    await _reach(response.starts_at_seconds, elapsed)
    if response.ending is Ending.WHOLE and response.starts_at_seconds == response.ends_at_seconds:
        await _send_at_once(response, send)
        return
    if response.ending is not Ending.REFUSED:
        await send({"type": "http.response.start", "status": response.status, "headers": response.raw_headers})
        for due in _joined(response.chunks):
            await _reach(due.at_seconds, elapsed)
            await send({"type": "http.response.body", "body": due.data, "more_body": True})
        await _reach(response.ends_at_seconds, elapsed)
    if response.ending is Ending.WHOLE:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await break_off(scope)


async def _end_when_gone(stay: asyncio.Timeout, request: HttpRequest, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    request.end(read_to_end=False)
    end(stay)


async def break_off(scope: Scope) -> None:
    """Let the connection break, without a word."""
    scope["extensions"][ABORT]()
    await asyncio.sleep(0)  # so that the server has noticed


async def _send_at_once(response: HttpResponse, send: Send) -> None:
    body = b"".join([chunk.data for chunk in response.chunks])
    headers = [*response.raw_headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _reach(at_seconds: float, elapsed: Elapsed) -> None:
    # Measured from the start each time: a sum of sleeps would drift.
    wait = at_seconds - elapsed()
    if wait > 0:
        await asyncio.sleep(wait)


def _joined(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """Yield what is due at the same moment as one: to send it costs more than to make it."""
    gathered: list[bytes] = []
    for place, chunk in enumerate(chunks):
        gathered.append(chunk.data)
        if place + 1 == len(chunks) or chunks[place + 1].at_seconds > chunk.at_seconds:
            yield Chunk(chunk.at_seconds, b"".join(gathered))
            gathered.clear()
