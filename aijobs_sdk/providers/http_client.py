"""The httpx2 client under the vendors' own libraries: it does what they ask of it, and nothing that they never ask."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import httpx2

from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.transport import AiohttpTransport

CONNECT_SECONDS = 10.0
"""How long a connection may take to come about; what the answer may take, the engine limits."""
TIMEOUT = httpx2.Timeout(None, connect=CONNECT_SECONDS)
_WHOLE = frozenset({"headers", "content", "timeout"})
"""What a library gives that has made its request whole."""
MOST_BODY_BYTES = 64 * 1024 * 1024
"""The longest answer that is read whole, as it comes over the network. In base64 a picture of 4K has half of that."""
_ADDED = ("accept-encoding", "connection")
"""Headers that httpx2 adds to those of a library, beside `Host` and `Content-Length`."""
_ENCODING = "ascii"
"""Of headers, and no other is taken; httpx2 would try what they are in, for each request anew."""


def new_http_client(network: Network) -> httpx2.AsyncClient:
    """Return a client for a vendor's library to send its requests by."""
    transport = AiohttpTransport() if network.open_transport is None else network.open_transport()
    return HttpClient(transport)


class HttpClient(httpx2.AsyncClient):
    """Sends a request as it is, once: there are no cookies, no redirects, and no steps of authentication.

    On these, on merging what nobody gave, and on handing on by pieces what is wanted whole, httpx2 spends much of what
    a vendor's library takes for a call.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, timeout=TIMEOUT)
        self._sends_by = transport
        self._added = [(name, self.headers[name]) for name in _ADDED]

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:  # noqa: ANN401
        """Return the request; its parts are httpx2's."""
        given = {name: part for name, part in parts.items() if part is not None}
        if given.keys() != _WHOLE or not isinstance(given["content"], (bytes, str)):
            return super().build_request(method, url, **parts)
        headers, body, target = given["headers"], given["content"], target_of(str(url))
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(headers, list):
            headers = (headers if isinstance(headers, httpx2.Headers) else httpx2.Headers(headers)).multi_items()
        own = [("host", target.host), *self._added, ("content-length", str(len(body)))]
        request = httpx2.Request(
            method,
            target.url,
            headers=[*_not_in(headers, own), *headers],
            stream=httpx2.ByteStream(body),
            extensions={"timeout": httpx2.Timeout(given["timeout"]).as_dict()},
        )
        request.headers.encoding = _ENCODING
        request.read()
        return request

    async def send(self, request: httpx2.Request, *, stream: bool = False, **how: Any) -> httpx2.Response:  # noqa: ANN401
        """Return the answer, with its whole body unless it is to be a stream.

        Raises:
            httpx2.TransportError: there was none.
        """
        if self.is_closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        if any(one is not httpx2.USE_CLIENT_DEFAULT for one in how.values()):
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
            if not stream and not response.is_stream_consumed:  # by a hook
                await read_whole(response)
        except BaseException:
            await response.aclose()
            raise
        return response


def _not_in(given: Sequence[tuple[str, str]], own: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in own if name not in names]


async def read_whole(response: httpx2.Response) -> None:
    """Read the whole body; httpx2 would hand each piece of it through four generators.

    Raises:
        httpx2.DecodingError: it is longer than any can be, or cannot be unpacked.
    """
    body = response.stream
    if not isinstance(body, _Timed):
        await response.aread()
        return
    pieces, size = [], 0
    received = aiter(body)
    try:
        async for piece in received:
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BODY_BYTES:
                raise httpx2.DecodingError(
                    f"an answer of more than {MOST_BODY_BYTES:,} bytes", request=response.request
                )
    finally:
        if isinstance(received, AsyncGenerator):  # which may not be at its end
            await received.aclose()
        await body.aclose()
    response.stream = _Whole(b"".join(pieces), body.elapsed)
    response.read()


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


class _Whole(httpx2.ByteStream):
    """A body that was read."""

    def __init__(self, data: bytes, elapsed: timedelta | None) -> None:
        super().__init__(data)
        self.elapsed = elapsed


class Target(NamedTuple):
    """Where a request goes."""

    url: httpx2.URL
    host: str


@lru_cache(64)  # a vendor has one address for each kind of request
def target_of(url: str) -> Target:
    """Return where a request goes that is sent to this address."""
    parsed = httpx2.URL(url)
    return Target(parsed, parsed.netloc.decode("ascii"))
