"""The network under the vendors' own libraries, and what its faults mean.

Those libraries sit on httpx2, whose own pool walks over all its connections for every request. aiohttp's does not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
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
        with _as_httpx2(request):
            answer = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
            )
            await self._in.enter()
        return httpx2.Response(
            answer.status, headers=list(answer.raw_headers), stream=_Body(answer, request), request=request
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _as_httpx2(self._request):
            async for data in self._answer.content.iter_any():
                yield data

    async def aclose(self) -> None:
        self._answer.release()  # which closes a connection on which more is to come, so that the vendor stops


@contextmanager
def _as_httpx2(request: httpx2.Request) -> Iterator[None]:
    """Let aiohttp's errors leave as those that the client above knows."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error), request=request) from error
    except (TimeoutError, aiohttp.ServerTimeoutError) as error:
        raise httpx2.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error), request=request) from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise httpx2.RemoteProtocolError(str(error), request=request) from error


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
