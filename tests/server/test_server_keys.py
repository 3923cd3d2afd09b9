"""Who is let in, and for what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from starlette import types

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.keys import Scope
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import OURS, KeyRing, a_test_job, bearer

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


async def test_who_shows_no_key_is_asked_for_one(app: FastAPI) -> None:
    refused = await new_client(app).get("/api/jobs")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_the_wrong_secret_and_the_wrong_id_read_the_same(app: FastAPI, keys: KeyRing) -> None:
    key = keys.cut(OURS)
    wrong_secret, wrong_id = key[:-1] + ("A" if key[-1] != "A" else "B"), key.replace(key[4:16], "0" * 12)
    answers = [await new_client(app, shown).get("/api/jobs") for shown in (wrong_secret, wrong_id, "nonsense")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_a_key_that_was_revoked_or_has_expired_is_no_key(app: FastAPI, keys: KeyRing) -> None:
    expired, revoked = keys.cut(OURS, expires_at=LONG_AGO), keys.cut(OURS)
    keys.kept[revoked[4:16]] = keys.kept[revoked[4:16]].replace(revoked_at=LONG_AGO)
    assert (await new_client(app, expired).get("/api/jobs")).status_code == 401
    assert (await new_client(app, revoked).get("/api/jobs")).status_code == 401


def revoke(keys: KeyRing) -> None:
    keys.kept.update({key_id: key.replace(revoked_at=LONG_AGO) for key_id, key in keys.kept.items()})


def damage(keys: KeyRing) -> None:
    keys.damaged.update(keys.kept)


@pytest.mark.parametrize("spoil", [revoke, damage])
async def test_a_key_that_counts_no_more_ends_the_streams_that_it_opened(
    client: httpx.AsyncClient, backend: LocalBackend, keys: KeyRing, spoil: Callable[[KeyRing], None]
) -> None:
    await backend.open_batch(BatchRequest(name="endless"))
    reading = asyncio.create_task(client.get("/api/events", params={"batch": "endless"}))
    await asyncio.sleep(60)
    assert not reading.done()
    spoil(keys)
    assert (await asyncio.wait_for(reading, 30)).status_code == 200


@pytest.mark.parametrize(
    ("scope", "asked", "status"),
    [
        (Scope.READ, "GET /api/jobs", 200),
        (Scope.READ, "POST /api/jobs", 403),
        (Scope.READ, "DELETE /api/dead-letters?older_than_seconds=1", 403),
        (Scope.WRITE, "POST /api/jobs", 201),
        (Scope.WRITE, "GET /api/jobs", 403),
        (Scope.WRITE, "GET /metrics", 403),
        (Scope.OPERATE, "DELETE /api/dead-letters?older_than_seconds=1", 200),
        (Scope.OPERATE, "POST /api/jobs", 403),
    ],
)
async def test_a_key_is_for_its_scopes(app: FastAPI, keys: KeyRing, scope: Scope, asked: str, status: int) -> None:
    method, path = asked.split()
    answer = await new_client(app, keys.cut(OURS, scope)).request(method, path, json=a_test_job())
    assert answer.status_code == status


async def test_the_scope_that_is_missing_is_named(app: FastAPI, keys: KeyRing) -> None:
    refused = await new_client(app, keys.cut(OURS, Scope.READ)).post("/api/jobs", json=a_test_job())
    assert (refused.json()["code"], refused.json()["scope"]) == ("permission_denied", "write")


async def test_nobody_unknown_has_a_body_read(app: FastAPI) -> None:
    refused = await new_client(app).post("/api/jobs", content=b"{" * 100)
    assert refused.status_code == 401


@pytest.fixture
def keyless(backend: LocalBackend, keys: KeyRing) -> FastAPI:
    """An application that asks callers of its own machine for no key."""
    return create_app(backend.acting_for, keys=keys, keyless=OURS)


async def test_a_caller_of_this_machine_may_come_without_a_key(keyless: FastAPI) -> None:
    job = (await new_client(keyless).post("/api/jobs", json=a_test_job())).json()
    assert job["tenant_id"] == str(OURS.tenant_id)


async def test_a_key_that_is_shown_is_checked_all_the_same(keyless: FastAPI) -> None:
    assert (await new_client(keyless, "aij_wrong").get("/api/jobs")).status_code == 401


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("10.0.0.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}),
        ("127.0.0.1", {"X-Forwarded-Host": "jobs.example"}),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}),
        ("127.0.0.1", {"X-Real-IP": "10.0.0.7"}),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}),
        ("127.0.0.1", {"CF-Connecting-IP": "10.0.0.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("127.0.0.1", {"Origin": "https://evil.example"}),
        ("127.0.0.1", {"Origin": "null"}),
        ("127.0.0.1", {"Host": "evil.example"}),
        ("127.0.0.1", {"Host": "evil.example@localhost"}),
        ("127.0.0.1", {"Host": ""}),
        ("127.0.0.1", [("Host", "localhost"), ("Host", "evil.example")]),
    ],
)
async def test_a_caller_from_elsewhere_needs_a_key(
    keyless: FastAPI, address: str, headers: dict[str, str] | list[tuple[str, str]]
) -> None:
    transport = httpx.ASGITransport(keyless, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        assert (await client.get("/api/jobs")).status_code == 401


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
async def test_a_page_of_this_machine_needs_no_key(keyless: FastAPI, host: str) -> None:
    headers = {"Host": host, "Origin": "http://localhost:3000"}
    assert (await new_client(keyless).get("/api/jobs", headers=headers)).status_code == 200


async def test_who_speaks_as_proxies_do_needs_a_key(keyless: FastAPI) -> None:
    async def by_http_1_0(scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        await keyless({**scope, "http_version": "1.0"}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(by_http_1_0), base_url="http://localhost") as client:
        assert (await client.get("/api/jobs")).status_code == 401


async def test_a_tenant_that_asks_too_fast_is_told_when_to_come_again(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(requests_per_second=2))
    client = new_client(app, keys.cut(OURS))
    assert [(await client.get("/api/jobs")).status_code for _ in range(3)] == [200, 200, 429]
    refused = await client.get("/api/jobs")
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("rate_limited", "1")


async def test_no_answer_shows_the_key(app: FastAPI, keys: KeyRing, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = keys.cut(OURS, Scope.READ)
    answer = await new_client(app).post("/api/jobs", json=a_test_job(), headers=bearer(key))
    assert key not in answer.text
    assert key not in caplog.text
