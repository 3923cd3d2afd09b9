"""Google's library on connections of ours: it sends the requests, and streams are read from under it.

What the library makes of a stream goes through six generators that nobody can close: whoever leaves early leaves them,
and the connection, to the garbage collector.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from http import HTTPStatus
from json import JSONDecodeError
from typing import NamedTuple

import httpx2
from google import genai
from google.auth.credentials import Credentials
from google.genai import errors, types

from aijobs_sdk.providers.http_client import TIMEOUT, new_http_client, read_whole
from aijobs_sdk.providers.network import Network

API_VERSION = "v1beta1"
"""The library's own default; fixed here, as it would be read from the environment."""
_opened: ContextVar[list[httpx2.Response] | None] = ContextVar("_opened", default=None)
"""Where the answer to the request for a stream that is being sent is put."""
_answered: ContextVar[list[httpx2.Response] | None] = ContextVar("_answered", default=None)
"""The same for a whole answer. The library tells its text alone, in which damaged bytes have been replaced."""


class Asked(NamedTuple):
    """A request in Google's words."""

    model: str
    contents: list[types.Content]
    config: types.GenerateContentConfig


class VertexClient:
    """Asks for answers at one place, on one event loop."""

    def __init__(
        self, *, project: str | None, location: str, base_url: str | None, credentials: Credentials, network: Network
    ) -> None:
        self._http = new_http_client(network)
        self._http.event_hooks = {"request": [_limit_times], "response": [_take_over, _check_error]}
        options = types.HttpOptions(
            base_url=base_url,
            api_version=API_VERSION,
            httpx_async_client=self._http,
            # Neither is used, and without them the library reads all certificates of the system, twice.
            httpx_client=httpx2.Client(transport=httpx2.BaseTransport()),
            async_client_args={"ssl": True},
        )
        client = genai.Client(
            vertexai=True, project=project, location=location, credentials=credentials, http_options=options
        )
        self._models = client.aio.models

    async def whole(self, asked: Asked) -> bytes:
        """Return the body of the whole answer."""
        config = asked.config.model_copy(update={"should_return_http_response": True})
        answered: list[httpx2.Response] = []
        token = _answered.set(answered)
        try:
            await self._models.generate_content(model=asked.model, contents=[*asked.contents], config=config)
        finally:
            _answered.reset(token)
        [answer] = answered
        return answer.content

    @asynccontextmanager
    async def streamed(self, asked: Asked) -> AsyncGenerator[httpx2.Response]:
        """Give the answer to be read while it comes; it is closed at the end."""
        opened: list[httpx2.Response] = []
        try:
            await self._open(asked, opened)
            [answer] = opened
            yield answer
        finally:
            for one in opened:
                await one.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _open(self, asked: Asked, opened: list[httpx2.Response]) -> None:
        token = _opened.set(opened)
        try:
            stream = await self._models.generate_content_stream(
                model=asked.model, contents=[*asked.contents], config=asked.config
            )
            async for _ in stream:
                pass  # nothing comes: its body was taken
        finally:
            _opened.reset(token)


async def _limit_times(request: httpx2.Request) -> None:
    """Set our limits of time: without one of its own, the library lifts all, that on connecting among them."""
    request.extensions["timeout"] = TIMEOUT.as_dict()


async def _take_over(response: httpx2.Response) -> None:
    """Take the body of a stream, and leave the library an empty one. It reads whole answers, and those of errors."""
    if (answered := _answered.get()) is not None:
        answered.append(response)
    opened = _opened.get()
    if opened is None:
        return
    if response.status_code != HTTPStatus.OK:
        opened.append(response)
        return
    opened.append(
        httpx2.Response(
            response.status_code, headers=response.headers, stream=response.stream, request=response.request
        )
    )
    response.stream = httpx2.ByteStream(b"")


async def _check_error(response: httpx2.Response) -> None:
    """Let an error whose body cannot be decoded mean what its status says: the library would tell of the body alone.

    Raises:
        APIError: it is such a one.
    """
    if response.status_code == HTTPStatus.OK:
        return
    await read_whole(response)
    try:
        response.json()
    except JSONDecodeError:
        pass  # a page, which the library knows
    except (ValueError, RecursionError):
        raise errors.APIError(response.status_code, {}, response) from None
