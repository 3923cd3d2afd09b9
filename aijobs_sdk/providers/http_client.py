"""The httpx2 client under the vendors' own libraries: it does what they ask of it, and nothing that they never ask."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import httpx2

from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.transport import AiohttpTransport

CONNECT_SECONDS = 10.0
"""How long a connection may take to come about; what the answer may take, the engine limits."""
TIMEOUT = httpx2.Timeout(None, connect=CONNECT_SECONDS)
_WHOLE = frozenset({"headers", "content", "timeout"})
"""What a library gives that has made its request whole."""
_ADDED = ("accept-encoding", "connection")
"""Headers that httpx2 adds to those of a library."""


def new_http_client(network: Network) -> httpx2.AsyncClient:
    """Return a client for a vendor's library to send its requests by."""
    transport = AiohttpTransport() if network.open_transport is None else network.open_transport()
    return HttpClient(transport)


class HttpClient(httpx2.AsyncClient):
    """Sends a request as it is, once: there are no cookies, no redirects, and no steps of authentication.

    On these, and on merging what nobody gave, httpx2 spends a third of what a vendor's library takes for a call.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, timeout=TIMEOUT)
        self._sends_by = transport
        self._added = [(name, self.headers[name]) for name in _ADDED]

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:  # noqa: ANN401
        """Return the request; its parts are httpx2's."""
        given = {name: part for name, part in parts.items() if part is not None}
        if given.keys() != _WHOLE:
            return super().build_request(method, url, **parts)
        headers = given["headers"]
        if not isinstance(headers, list):
            headers = (headers if isinstance(headers, httpx2.Headers) else httpx2.Headers(headers)).multi_items()
        return httpx2.Request(
            method,
            _parsed(str(url)),
            headers=[*self._not_in(headers), *headers],
            content=given["content"],
            extensions={"timeout": httpx2.Timeout(given["timeout"]).as_dict()},
        )

    def _not_in(self, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        given = {name.lower() for name, _ in headers}
        return [(name, value) for name, value in self._added if name not in given]

    async def send(self, request: httpx2.Request, *, stream: bool = False, **how: Any) -> httpx2.Response:  # noqa: ANN401
        """Return the answer, with its whole body unless it is to be a stream.

        Raises:
            httpx2.TransportError: there was none.
        """
        if self.is_closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        if how:
            return await super().send(request, stream=stream, **how)
        for hook in self.event_hooks["request"]:
            await hook(request)
        began = time.perf_counter()
        response = await self._sends_by.handle_async_request(request)
        response.request = request
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Timed(response.stream, began)
        try:
            for hook in self.event_hooks["response"]:
                await hook(response)
            if not stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


class _Timed(httpx2.AsyncByteStream):
    """A body that tells, once it was read or left, how long that took from the request on: `Response.elapsed`."""

    def __init__(self, body: httpx2.AsyncByteStream, began: float) -> None:
        self._body = body
        self._began = began
        self.elapsed: timedelta | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.__aiter__()

    async def aclose(self) -> None:
        self.elapsed = timedelta(seconds=time.perf_counter() - self._began)
        await self._body.aclose()


@lru_cache(64)  # a vendor has one address for each kind of request
def _parsed(url: str) -> httpx2.URL:
    return httpx2.URL(url)
