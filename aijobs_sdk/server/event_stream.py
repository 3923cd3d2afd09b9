"""A stream of server-sent events as an answer: it ends with its jobs, its reader or its server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aijobs_sdk.contract.errors import AIJobsError
from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.outbox import Outbox
from aijobs_sdk.server.sse import KEEP_ALIVE, MEDIA_TYPE, RETRY
from aijobs_sdk.server.stays import end

log = logging.getLogger("aijobs.server")

_SILENCE_SECONDS = 10.0
_LOOK_SECONDS = 15.0
"""How long somebody whose key counts no more is still told what happens."""
_LAST_WORD_SECONDS = 1.0
_HEADERS = [
    (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events back until it has many
]


Bring = Callable[[Outbox], Awaitable[None]]
"""Puts frames into an outbox until there are no more to come."""


class EventStream(Response):
    """Sends what `bring` puts into an outbox until it returns, with a sign of life when it puts nothing for a while."""

    media_type = MEDIA_TYPE

    def __init__(
        self, bring: Bring, *, streams: OpenStreams, tenant_id: UUID, may_stay: Callable[[], Awaitable[bool]]
    ) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = list(_HEADERS)
        self._bring = bring
        self._streams = streams
        self._tenant_id = tenant_id
        self._may_stay = may_stay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream.

        Raises:
            TooManyStreamsError: the tenant follows as many as it may; nothing was sent.
        """
        async with self._streams.one_more(self._tenant_id) as stay:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with _beside(_end_when_gone(stay, receive)), _beside(_end_when_unwelcome(stay, self._may_stay)):
                await self._send_all(send)
        # A reader that takes nothing does not take this either.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        outbox = Outbox()
        outbox.put(RETRY)
        async with _beside(self._fill(outbox)):
            with _kept_alive(outbox):
                while (frames := await outbox.take()) is not None:
                    await send({"type": "http.response.body", "body": frames, "more_body": True})

    async def _fill(self, outbox: Outbox) -> None:
        try:
            await self._bring(outbox)
        except* AIJobsError as found:  # the answer has begun: it ends, and who comes again is told
            log.warning("an event stream ended early: %s", found.exceptions[0])
        except* Exception:  # the log is all that can be told
            log.exception("an event stream broke")
        finally:
            outbox.close()


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do this in a task beside the block, and no longer than the block lasts."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _end_when_gone(stay: asyncio.Timeout, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    end(stay)


async def _end_when_unwelcome(stay: asyncio.Timeout, may_stay: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if not await may_stay():
            end(stay)
            return


@contextmanager
def _kept_alive(outbox: Outbox) -> Iterator[None]:
    """Put a sign of life in whenever nothing else was put in for a while."""
    signs = _SignsOfLife(outbox)
    try:
        yield
    finally:
        signs.stop()


class _SignsOfLife:
    """One timer a stream, set anew when it rings: to set it at each event would be the dearest part of an event."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._timer = self._set()

    def stop(self) -> None:
        self._timer.cancel()

    def _set(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(self._outbox.put_at + _SILENCE_SECONDS, self._ring)

    def _ring(self) -> None:
        if asyncio.get_running_loop().time() >= self._outbox.put_at + _SILENCE_SECONDS:
            self._outbox.put(KEEP_ALIVE)
        self._timer = self._set()
