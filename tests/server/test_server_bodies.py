"""Bodies of every kind: none of them is more than a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import OURS, KeyRing

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type": "test_job", "payload": {"echo": ' + b"[" * 64 + b"]" * 64 + b"}}",
        b'{"type": "test_job", "payload": {"echo": NaN}}',
        b'{"type": "test_job", "payload": {"echo": 1e400}}',
        b'{"type": "test_job", "payload": {"echo": ' + b"1" * 100_000 + b"}}",
        b'{"type": "test_job", "payload": {"echo": "\xff"}}',
        b'{"type": "test_job", "payload": {"echo": "\\ud800"}}',
        b'{"type": "test\\u0000job", "payload": {}}',
        b'{"type": "test_job", "payload": {}, "draw_key": "\\u0000"}',
        b'{"type": "test_job", "payload": {}, "max_attempts": 99999999999999999999}',
        b'{"type": "test_job", "payload": {}, "run_at": "0001-01-01T00:00:00+14:00"}',
        b'{"type": "test_job", "payload": {}, "user_id": "\\r\\nX: y"}',
        b'{"type": 7, "payload": []}',
        b'{"jobs": {}}',
        b'{"jobs": []}',
        b'{"jobs": [[]]}',
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
async def test_a_body_that_cannot_be_used_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    refused = await client.post("/api/jobs", content=body, headers=JSON)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    "echo", [b"1e300", b'"\\u0000"', b"[" * 61 + b"]" * 61, b"12345678901234567890123", b'"1e999"']
)
async def test_an_unusual_body_that_can_be_used_is(client: httpx.AsyncClient, echo: bytes) -> None:
    body = b'{"type": "test_job", "payload": {"echo": ' + echo + b"}}"
    assert (await client.post("/api/jobs", content=body, headers=JSON)).status_code == 201


async def test_of_a_name_that_stands_twice_the_last_counts(client: httpx.AsyncClient) -> None:
    body = b'{"type": "no_such", "type": "test_job", "payload": {}}'
    assert (await client.post("/api/jobs", content=body, headers=JSON)).status_code == 201


async def test_a_body_that_does_not_say_it_is_json_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/jobs", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


async def test_many_wrong_names_are_answered_by_a_few(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/jobs", json={"x" * 5000 + str(n): 0 for n in range(1000)})
    assert len(refused.json()["fields"]) <= 20
    assert len(refused.content) < 20_000


@pytest.fixture
async def strict(backend: LocalBackend, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody before a server that reads little, and not for long."""
    limits = ServerLimits(max_body_bytes=1000, body_seconds=5)
    async with new_client(create_app(backend.acting_for, keys=keys, limits=limits), keys.cut(OURS)) as client:
        yield client


async def test_a_body_that_says_it_is_too_long_is_refused_unread(strict: httpx.AsyncClient) -> None:
    refused = await strict.post("/api/jobs", content=b"x" * 1001, headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")


async def test_a_body_that_does_not_say_how_long_it_is_is_counted(strict: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    assert (await strict.post("/api/jobs", content=parts(), headers=JSON)).status_code == 413


async def test_a_body_that_comes_too_slowly_is_not_waited_for(strict: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(10):
            await asyncio.sleep(1)
            yield b" "

    refused = await strict.post("/api/jobs", content=parts(), headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (408, "request_timeout")
