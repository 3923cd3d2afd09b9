"""The network under the vendors' libraries, over real sockets of this machine."""

from __future__ import annotations

import asyncio
import gc
import gzip

import httpx2
import pytest

from aijobs_sdk.providers.failures import RESET, TIMED_OUT, UNREACHABLE, UNREADABLE, Failure
from aijobs_sdk.providers.http_client import new_http_client
from aijobs_sdk.providers.network import REAL
from aijobs_sdk.providers.transport import AiohttpTransport, transport_failure
from providers.loopback import cut, endless, loopback, silence, whole

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Sockets keep real time."""
    return "asyncio"


async def test_requests_one_after_the_other_share_a_connection() -> None:
    async with loopback(whole(b"{}")) as server, new_http_client(REAL) as client:
        for _ in range(3):
            await client.post(server.url, json={})
    assert (len(server.requests), server.connections) == (3, 1)


async def test_as_many_connections_are_open_as_calls_are_in_flight() -> None:
    async with loopback(silence) as server, new_http_client(REAL) as client:
        calls = [asyncio.create_task(client.post(server.url)) for _ in range(150)]
        await server.asked(150)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert server.connections == 150


async def test_what_is_sent_is_what_the_client_above_says() -> None:
    async with loopback(whole(b"{}")) as server, new_http_client(REAL) as client:
        await client.post(f"{server.url}/a%2Fb?x=1", json={"a": 1}, headers={"x-one": "1"})
    [sent] = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /a%2fb?x=1 http/1.1"
    assert body == b'{"a":1}'
    assert {b"x-one: 1", b"content-type: application/json"} <= set(lines)
    assert len(lines) == len({line.partition(b":")[0] for line in lines})


async def test_a_packed_answer_is_unpacked_once() -> None:
    packed = whole(gzip.compress(b'{"a": 1}'), headers="content-type: application/json\r\ncontent-encoding: gzip\r\n")
    async with loopback(packed) as server, new_http_client(REAL) as client:
        assert (await client.get(server.url)).json() == {"a": 1}


async def test_leaving_a_stream_closes_its_connection() -> None:
    async with loopback(endless(b"data: 1\n\n")) as server, new_http_client(REAL) as client:
        async with client.stream("POST", server.url) as answer:
            assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
        await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_cancelling_a_call_closes_its_connection() -> None:
    async with loopback(silence) as server, new_http_client(REAL) as client:
        call = asyncio.create_task(client.post(server.url))
        await server.asked(1)
        call.cancel()
        await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_a_redirect_is_for_the_client_above_to_follow() -> None:
    moved = whole(b"", status="307 Temporary Redirect", headers="location: http://127.0.0.1:1/\r\n")
    async with loopback(moved) as server, new_http_client(REAL) as client:
        assert (await client.get(server.url)).status_code == 307


async def test_a_connection_that_is_cut_is_told_as_that() -> None:
    async with loopback(cut) as server:
        assert await _failure(server.url) == RESET


async def test_silence_past_the_limit_is_told_as_that() -> None:
    async with loopback(silence) as server:
        assert await _failure(server.url, timeout=0.05) == TIMED_OUT


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
async def test_a_host_that_cannot_be_reached_is_told_as_that(url: str) -> None:
    assert await _failure(url) == UNREACHABLE


async def test_an_answer_that_cannot_be_unpacked_is_told_as_that() -> None:
    async with loopback(whole(b"no gzip", headers="content-encoding: gzip\r\n")) as server:
        assert await _failure(server.url) == UNREADABLE


def test_an_error_of_another_kind_is_none_of_the_network() -> None:
    assert transport_failure(ValueError()) is None


async def test_closing_leaves_no_socket_behind() -> None:
    async with loopback(whole(b"{}")) as server:
        transport = AiohttpTransport()
        async with httpx2.AsyncClient(transport=transport) as client:
            await client.post(server.url)
    gc.collect()  # a socket that nobody closed would warn, and fail the test


async def _failure(url: str, *, timeout: float | None = None) -> Failure | None:  # noqa: ASYNC109 - of the client's
    async with new_http_client(REAL) as client:
        with pytest.raises(httpx2.HTTPError) as raised:
            await client.post(url, timeout=timeout)
    return transport_failure(raised.value)
