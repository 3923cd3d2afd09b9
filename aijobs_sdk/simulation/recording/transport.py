"""A transport that lets everything through, and has it written down."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from types import ModuleType
from typing import Any

import anyio

from aijobs_sdk.simulation.recording.exchange import Ended
from aijobs_sdk.simulation.recording.take import Take
from aijobs_sdk.simulation.wire.exchange import Headers, HttpRequest

_OF_THE_ENCODING = frozenset({b"content-encoding", b"content-length"})


def recording_transport(library: ModuleType, under: Any, begin: Callable[[HttpRequest], Take]) -> Any:  # noqa: ANN401 - classes of the library's own
    """Return an asynchronous transport for clients of this library, `httpx2` or `httpx`, over another one."""

    class Stream(library.AsyncByteStream):  # type: ignore[name-defined, misc]
        """The body of an answer, noted as it goes by."""

        def __init__(self, response: Any, take: Take) -> None:  # noqa: ANN401
            self._response = response
            self._take = take

        async def __aiter__(self) -> AsyncGenerator[bytes]:
            try:
                # Unpacked where it was packed: nobody could look for secrets in it.
                async for data in self._response.aiter_bytes():
                    self._take.came(data)
                    yield data
            except library.RequestError as error:
                self._take.end(_ended_by(error, library))
                raise
            self._take.end(Ended.WHOLE)

        async def aclose(self) -> None:
            """Close the answer, read or not."""
            self._take.leave()
            await self._response.aclose()

    class Transport(library.AsyncBaseTransport):  # type: ignore[name-defined, misc]
        """The network, and what is written down of it."""

        async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401
            take = begin(await _asked(request))
            try:
                response = await under.handle_async_request(request)
            except library.RequestError as error:
                take.end(_ended_by(error, library))
                raise
            except anyio.get_cancelled_exc_class():
                take.end(Ended.LEFT)
                raise
            take.answered(response.status_code, _told(response, library))
            return library.Response(
                response.status_code,
                headers=_unpacked(response.headers.raw),
                stream=Stream(response, take),
                request=request,
                extensions=response.extensions,
            )

        async def aclose(self) -> None:
            """Close what is under it."""
            await under.aclose()

    return Transport()


async def _asked(request: Any) -> HttpRequest:  # noqa: ANN401
    return HttpRequest(
        request.method,
        request.url.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.aread(),
        query=request.url.query.decode(),
    )


def _told(response: Any, library: ModuleType) -> Headers:  # noqa: ANN401
    # Where no encoding is named, one is guessed by what happens to stand in them.
    return {**library.Headers(response.headers.raw, encoding="latin-1")}


def _unpacked(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a body that is passed on unpacked."""
    if not any(name.lower() == b"content-encoding" for name, _ in headers):
        return headers
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_ENCODING]


def _ended_by(error: Exception, library: ModuleType) -> Ended:
    if isinstance(error, library.TimeoutException):
        return Ended.TIMED_OUT
    return Ended.REFUSED if isinstance(error, library.ConnectError) else Ended.RESET
