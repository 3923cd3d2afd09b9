"""The network under the vendors' own libraries, and what its faults mean.

Those libraries sit on httpx2, whose own pool walks over all its connections for every request. aiohttp's does not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.request import getproxies

import aiohttp
import httpx2

from aijobs_sdk.providers.failures import RESET, TIMED_OUT, UNREACHABLE, UNREADABLE, Failure
from aijobs_sdk.providers.turnstile import Turnstile

IDLE_SECONDS = 30.0
"""How long a connection that nobody uses is kept: shorter than the vendors keep it, who close without a word."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends the requests of an httpx2 client through one aiohttp pool, with as many connections as calls in flight."""

    def __init__(self) -> None:
        self._connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=IDLE_SECONDS, ssl=httpx2.create_ssl_context(), ttl_dns_cache=300
        )
        self._out, self._in = Turnstile(), Turnstile()
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            auto_decompress=False,  # the client above does it
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            trust_env=bool(getproxies()),  # aiohttp asks for proxies in a thread, before every request
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; its body comes while it is read.

        Raises:
            httpx2.TransportError: it was not sent, or there was no answer.
        """
        limits = request.extensions.get("timeout", {})
        await self._out.enter()
        try:
            answer = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
            )
            await self._in.enter()
        except _THEIR_ERRORS as error:
            raise _as_httpx2(error, request) from error
        return _answered(answer, request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            async for data in self._answer.content.iter_any():
                yield data
        except _THEIR_ERRORS as error:
            raise _as_httpx2(error, self._request) from error

    async def aclose(self) -> None:
        self._answer.release()  # which closes a connection on which more is to come, so that the vendor stops


_THEIR_ERRORS = (TimeoutError, aiohttp.ClientError, ConnectionError)


def _as_httpx2(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    """Return an error of aiohttp's as one that the client above knows."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx2.ConnectTimeout(str(error), request=request)
        case TimeoutError():
            return httpx2.ReadTimeout(str(error), request=request)
        case aiohttp.ClientConnectorError():
            return httpx2.ConnectError(str(error), request=request)
        case _:
            return httpx2.RemoteProtocolError(str(error), request=request)


def _answered(answer: aiohttp.ClientResponse, request: httpx2.Request) -> httpx2.Response:
    headers = answer.raw_headers
    response = httpx2.Response(answer.status, headers=headers, stream=_Body(answer, request), request=request)
    if all(name.isascii() and value.isascii() for name, value in headers):
        response.headers.encoding = "ascii"  # which it would find out itself, more slowly
    return response


def transport_failure(error: BaseException) -> Failure | None:
    """Return what an error of the network means, None for one of another kind; it may be wrapped by a vendor's."""
    match error:
        case httpx2.ConnectTimeout() | httpx2.ConnectError():
            return UNREACHABLE
        case httpx2.TimeoutException():
            return TIMED_OUT
        case httpx2.SSEError() | httpx2.DecodingError():
            return UNREADABLE
        case httpx2.HTTPError() | httpx2.StreamError():
            return RESET
        case _:
            return None if error.__cause__ is None else transport_failure(error.__cause__)
