"""What a vendor's library asks of our client is done as httpx2 itself would."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from aijobs_sdk.providers.http_client import TIMEOUT, new_http_client
from aijobs_sdk.providers.network import REAL
from providers.loopback import endless, loopback, whole

pytestmark = pytest.mark.anyio

URL = "https://vendor.example/v1/answers?version=1"
HEADERS = [("Authorization", "Bearer made-up"), ("Content-Type", "application/json")]
PARTS = (
    {"content": b"{}", "headers": HEADERS, "timeout": TIMEOUT},
    {"content": b"{}", "headers": httpx2.Headers(HEADERS), "timeout": 3.0},
    {"content": b"{}", "headers": [("Accept-Encoding", "identity")], "timeout": TIMEOUT},
    {"content": b"{}", "headers": HEADERS, "timeout": TIMEOUT, "params": {"page": "2"}, "files": None},
    {"json": {"a": 1}, "headers": {"x-one": "1"}},
)


@pytest.fixture
def anyio_backend() -> str:
    """The transport belongs to asyncio."""
    return "asyncio"


@pytest.mark.parametrize("parts", PARTS)
async def test_a_request_is_what_httpx2_makes_of_the_same_parts(parts: dict[str, Any]) -> None:
    async with new_http_client(REAL) as ours, httpx2.AsyncClient(timeout=TIMEOUT) as theirs:
        assert _told(ours.build_request("POST", URL, **parts)) == _told(theirs.build_request("POST", URL, **parts))


async def test_a_client_that_was_closed_sends_nothing() -> None:
    client = new_http_client(REAL)
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.send(client.build_request("GET", URL))


async def test_an_answer_tells_how_long_it_took() -> None:
    async with loopback(whole(b"{}")) as server, new_http_client(REAL) as client:
        answer = await client.post(server.url, json={})
    assert 0 < answer.elapsed.total_seconds() < 60


async def test_a_stream_tells_how_long_it_took_once_it_is_left() -> None:
    async with loopback(endless(b"data: 1\n\n")) as server, new_http_client(REAL) as client:
        async with client.stream("POST", server.url) as answer:
            with pytest.raises(RuntimeError, match="read or closed"):
                _ = answer.elapsed
        assert answer.elapsed.total_seconds() > 0


def _told(request: httpx2.Request) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name not in ("accept", "user-agent")}
    return request.method, request.url, headers, request.content, request.extensions
