"""The body of an answer: taken in up to a bound, and its connection given back whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from aijobs_sdk.backends.http.refusal import NoServerOfOursError
from aijobs_sdk.providers.to_its_end import to_its_end


@asynccontextmanager
async def opened(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    """Send a request, and close its answer after the block, whatever happens."""
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await to_its_end(response.aclose())


async def body_of(response: httpx.Response, *, server: str, most_bytes: int) -> bytes:
    """Return the body, unpacked.

    Raises:
        ServerUnavailableError: it is longer than any answer of this API: something else answers there, without end.
    """
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most_bytes:
            raise NoServerOfOursError(
                f"{server} answered with more than {most_bytes:,} bytes, and the rest was not read. Check that the "
                "address is that of `aijobs serve`; if it is, raise `HttpLimits.max_answer_bytes`."
            )
    return bytes(body)
