"""What a vendor's library asks of our client is done as httpx2 itself would."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from aijobs_sdk.providers import http_client
from aijobs_sdk.providers.failures import UNREADABLE
from aijobs_sdk.providers.http_client import TIMEOUT, new_http_client
from aijobs_sdk.providers.network import REAL
from aijobs_sdk.providers.transport import transport_failure
from providers.loopback import endless, loopback, whole

pytestmark = pytest.mark.anyio

URL = "https://vendor.example/v1/answers?version=1"
HEADERS = [("Authorization", "Bearer made-up"), ("Content-Type", "application/json")]
PARTS = (
    {"content": b"{}", "headers": HEADERS, "timeout": TIMEOUT},
    {"content": b"{}", "headers": httpx2.Headers(HEADERS), "timeout": 3.0},
    {"content": b"{}", "headers": [("Accept-Encoding", "identity")], "timeout": TIMEOUT},
    {"content": b"{}", "headers": HEADERS, "timeout": TIMEOUT, "params": {"page": "2"}, "files": None},
    {"content": "é", "headers": HEADERS, "timeout": TIMEOUT},
    {"content": b"{}", "headers": [*HEADERS, ("Host", "other.example"), ("Content-Length", "2")], "timeout": TIMEOUT},
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


async def test_what_a_library_has_made_whole_goes_out_as_it_is() -> None:
    async with loopback(whole(b"{}")) as server, new_http_client(REAL) as client:
        await _sent(client, f"{server.url}/a")
    [sent] = server.requests
    first, *lines = sent.removesuffix(b"\r\n\r\n{}").decode().split("\r\n")
    assert first == "POST /a HTTP/1.1"
    assert {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)} == {
        "host": server.url.removeprefix("http://"),
        "accept-encoding": client.headers["accept-encoding"],
        "connection": "keep-alive",
        "authorization": "Bearer made-up",
        "content-type": "application/json",
        "content-length": "2",
    }
    assert len(lines) == 6


async def test_headers_of_an_answer_are_read_as_httpx2_reads_them() -> None:
    written = "content-type: application/json\r\nx-name: Zoë\r\nx-name: two\r\n"
    async with loopback(whole(b"{}", headers=written)) as server, new_http_client(REAL) as client:
        answer = await _sent(client, server.url)
    assert answer.headers == httpx2.Headers([("content-length", "2"), *_fields(written)], encoding="utf-8")
    assert answer.headers["X-Name"] == "Zoë, two"


async def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MOST_BODY_BYTES", 100)
    async with loopback(endless(b"x" * 60, b"x" * 60)) as server, new_http_client(REAL) as client:
        with pytest.raises(httpx2.DecodingError, match="more than 100 bytes") as raised:
            await _sent(client, server.url)
        await asyncio.wait_for(server.hung_up.wait(), 5)
    assert transport_failure(raised.value) == UNREADABLE


async def test_a_stream_may_be_longer_than_a_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MOST_BODY_BYTES", 100)
    async with loopback(whole(b"x" * 1000)) as server, new_http_client(REAL) as client:
        answer = await _sent(client, server.url, stream=True)
        assert len(await answer.aread()) == 1000


async def test_who_leaves_in_the_middle_of_an_answer_closes_its_connection() -> None:
    async with loopback(endless(b"{")) as server, new_http_client(REAL) as client:
        call = asyncio.create_task(_sent(client, server.url))
        await server.asked(1)
        await asyncio.sleep(0.05)  # the answer has begun
        call.cancel()
        await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_a_client_that_was_closed_sends_nothing() -> None:
    client = new_http_client(REAL)
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.send(client.build_request("GET", URL))


async def test_an_answer_tells_how_long_it_took() -> None:
    async with loopback(whole(b"{}")) as server, new_http_client(REAL) as client:
        answer = await _sent(client, server.url)
    assert 0 < answer.elapsed.total_seconds() < 60


async def test_a_stream_tells_how_long_it_took_once_it_is_left() -> None:
    async with loopback(endless(b"data: 1\n\n")) as server, new_http_client(REAL) as client:
        async with client.stream("POST", server.url) as answer:
            with pytest.raises(RuntimeError, match="read or closed"):
                _ = answer.elapsed
        assert answer.elapsed.total_seconds() > 0


async def _sent(client: httpx2.AsyncClient, url: str, *, stream: bool = False) -> httpx2.Response:
    """Send a request as a vendor's library does."""
    request = client.build_request("POST", url, content=b"{}", headers=HEADERS, timeout=TIMEOUT)
    return await client.send(request, stream=stream)


def _told(request: httpx2.Request) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name not in ("accept", "user-agent")}
    return request.method, request.url, headers, request.content, request.extensions


def _fields(head: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition(": ") for line in head.splitlines())]
