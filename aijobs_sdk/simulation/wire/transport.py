"""A transport under the vendors' own clients: their requests are answered in this process, byte by byte in time.

Those clients sit on httpx2, older ones on httpx: the same in all that matters here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import groupby
from types import ModuleType
from typing import Any

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.exchange import Ending, HttpRequest, HttpResponse


def transport_under(library: ModuleType, endpoints: Endpoints, clock: Clock) -> Any:  # noqa: ANN401 - a class of the library's own
    """Return an asynchronous transport for clients of this library, `httpx2` or `httpx`. It opens no socket."""

    class Stream(library.AsyncByteStream):  # type: ignore[name-defined, misc]
        """The body of an answer, in time."""

        def __init__(self, response: HttpResponse, playing: _Playing, asked: HttpRequest) -> None:
            self._response = response
            self._playing = playing
            self._asked = asked
            self.answer: Any = None  # who reads this

        async def __aiter__(self) -> AsyncGenerator[bytes]:
            response = self._response
            for at_seconds, chunks in groupby(response.chunks, key=lambda chunk: chunk.at_seconds):
                await self._playing.reach(at_seconds)
                if at_seconds >= response.ends_at_seconds:
                    # Clients stop at the event that they know to be the last, and never see that nothing follows.
                    self._asked.end(read_to_end=True)
                for chunk in chunks:
                    yield chunk.data
            await self._playing.reach(response.ends_at_seconds)
            self._asked.end(read_to_end=True)
            if response.ending is Ending.RESET:
                raise library.RemoteProtocolError(
                    "peer closed connection without sending complete message body (incomplete chunked read)"
                )

        async def aclose(self) -> None:
            self._asked.end(read_to_end=False)
            self.answer.elapsed = self._playing.elapsed  # the client above has measured the time of this machine

    class Transport(library.AsyncBaseTransport):  # type: ignore[name-defined, misc]
        """The network, as far as simulated vendors are on it."""

        async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401 - the library's own
            asked = HttpRequest(
                request.method,
                request.url.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.aread(),
                query=request.url.query.decode(),
            )
            now = clock.now()
            response = endpoints.answer(asked, now=now)
            if response is None:
                raise library.ConnectError(
                    f"Mock mode has no {request.url.host}: nothing was sent. AI_MOCK_MODE=false reaches the real one.",
                    request=request,
                )
            limit = (request.extensions.get("timeout") or {}).get("read")
            playing = _Playing(clock, now, limit, library)
            with ExitStack() as leaving:
                leaving.callback(asked.end, read_to_end=False)
                await playing.reach(response.starts_at_seconds)
                leaving.pop_all()
            if response.ending is Ending.REFUSED:
                asked.end(read_to_end=True)
                raise library.ConnectError("connection refused", request=request)
            stream = Stream(response, playing, asked)
            stream.answer = library.Response(
                response.status, headers=response.raw_headers, stream=stream, request=request
            )
            return stream.answer

    return Transport()


class _Playing:
    """Where in time an answer is, and how long its caller bears silence."""

    def __init__(self, clock: Clock, started_at: datetime, silence_seconds: float | None, library: ModuleType) -> None:
        self._clock = clock
        self._started_at = started_at
        self._silence_seconds = silence_seconds
        self._library = library

    @property
    def elapsed(self) -> timedelta:
        """How long it has been going, in the time of its world."""
        return self._clock.now() - self._started_at

    async def reach(self, at_seconds: float) -> None:
        """Return when that many seconds have passed since the start, unless the caller gives up before."""
        # Measured from the start each time: a sum of sleeps would drift.
        wait = at_seconds - (self._clock.now() - self._started_at).total_seconds()
        if wait <= 0:
            return
        if self._silence_seconds is not None and wait > self._silence_seconds:
            await self._clock.sleep(self._silence_seconds)
            raise self._library.ReadTimeout("")  # as over a socket
        await self._clock.sleep(wait)
