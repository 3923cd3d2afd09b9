"""Simulated vendors as an ASGI application: it acts out, in real time, what the simulation has decided."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.exchange import Chunk, Ending, HttpRequest, HttpResponse, json_response
from mock_server.control import Control

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
MOST_BODY_BYTES = 20_000_000
ABORT = "aijobs.abort"
"""The extension by which the server lets a connection break."""


class MockApp:
    """Answers at the vendors' own paths, and at `/_sim` for whoever directs the scene."""

    def __init__(self, new_world: Callable[[], Mock], *, keys_required: bool = True) -> None:
        self._keys_required = keys_required
        self._control = Control(new_world, self._enter)
        self._endpoints: Endpoints
        self._control.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        began = time.monotonic()
        body = await _body(receive)
        if body is None:
            await _play(_error(413, f"A request may have {MOST_BODY_BYTES:,} bytes."), began, scope, send)
            return
        request = HttpRequest(
            scope["method"],
            scope["path"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            query=scope["query_string"].decode("latin-1"),
        )
        response = self._answer(request)
        playing = _play(response, began, scope, send)
        # To watch the caller costs a task, and nobody can leave an answer that takes no time.
        try:
            await (_while_there(playing, request, receive) if response.ends_at_seconds else playing)
            request.end(read_to_end=True)
        finally:
            request.end(read_to_end=False)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/_sim"):
            return self._control.answer(request)
        answer = self._endpoints.answer(request, now=datetime.now(UTC))
        return answer or _error(404, f"No simulated vendor has {request.method} {request.path}.")

    def _enter(self, world: Mock) -> None:
        self._endpoints = world.endpoints(keys_required=self._keys_required)


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body, None where it is too long."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > MOST_BODY_BYTES:
            return None
    return b"".join(parts) if len(parts) > 1 else parts[0]


async def _while_there(playing: Coroutine[Any, Any, None], request: HttpRequest, receive: Receive) -> None:
    """Play while the caller listens; the world is told when it leaves."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as stay:
            watching = asyncio.create_task(_end_when_gone(stay, request, receive))
            try:
                await playing
            finally:
                watching.cancel()


async def _end_when_gone(stay: asyncio.Timeout, request: HttpRequest, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    request.end(read_to_end=False)
    stay.reschedule(asyncio.get_running_loop().time())


async def _play(response: HttpResponse, began: float, scope: Scope, send: Send) -> None:
    await _reach(response.starts_at_seconds, began)
    if response.ending is Ending.WHOLE and response.starts_at_seconds == response.ends_at_seconds:
        await _send_at_once(response, send)
        return
    if response.ending is not Ending.REFUSED:
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
        for due in _joined(response.chunks):
            await _reach(due.at_seconds, began)
            await send({"type": "http.response.body", "body": due.data, "more_body": True})
        await _reach(response.ends_at_seconds, began)
    if response.ending is Ending.WHOLE:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    scope["extensions"][ABORT]()
    await asyncio.sleep(0)  # so that the server has noticed


async def _send_at_once(response: HttpResponse, send: Send) -> None:
    body = b"".join([chunk.data for chunk in response.chunks])
    headers = [*_headers(response), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(response: HttpResponse) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]


async def _reach(at_seconds: float, began: float) -> None:
    # Measured from the start each time: a sum of sleeps would drift.
    wait = began + at_seconds - time.monotonic()
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


def _error(status: int, message: str) -> HttpResponse:
    return json_response({"error": {"message": message}}, status=status)
