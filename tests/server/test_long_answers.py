"""Answers with long jobs and letters end early, and say where to go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import Job, JobRequest
from aijobs_sdk.contract.records import DeadLetterQuery
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing

pytestmark = pytest.mark.anyio

ENOUGH = 20_000
LONG = "x" * 5_000


@pytest.fixture
async def client(backend: LocalBackend, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks a server that says little at once."""
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_body_bytes=ENOUGH))
    async with new_client(app, keys.cut(OURS)) as client:
        yield client


async def submitted(backend: LocalBackend, *texts: str, **payload: Any) -> list[Job]:
    return await backend.submit([JobRequest(type="test_job", payload={"echo": text, **payload}) for text in texts])


def ids(listed: list[dict[str, str]], name: str = "id") -> list[str]:
    return [one[name] for one in listed]


async def test_a_page_of_long_jobs_ends_early(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    jobs = await submitted(backend, *[LONG] * 6)
    first = await client.get("/api/jobs")
    rest = (await client.get("/api/jobs", params={"cursor": first.json()["next_cursor"]})).json()
    assert ids(first.json()["jobs"] + rest["jobs"]) == [str(job.id) for job in reversed(jobs)]
    assert (ENOUGH <= len(first.content) < ENOUGH + 6_000, rest["next_cursor"]) == (True, None)


async def test_a_page_of_short_jobs_is_a_whole_one(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    jobs = await submitted(backend, *["x"] * 30)
    page = (await client.get("/api/jobs", params={"limit": 25})).json()
    assert ids(page["jobs"]) == [str(job.id) for job in jobs[:4:-1]]
    assert page["next_cursor"]


async def test_a_job_that_is_longer_than_an_answer_comes_alone(
    client: httpx.AsyncClient, backend: LocalBackend
) -> None:
    [long, _] = await submitted(backend, LONG * 10, "x")
    page = (await client.get("/api/jobs", params={"limit": 1})).json()
    page = (await client.get("/api/jobs", params={"cursor": page["next_cursor"]})).json()
    assert (ids(page["jobs"]), page["next_cursor"]) == ([str(long.id)], None)


async def test_a_look_up_of_long_jobs_leaves_the_rest(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    asked = [str(NOBODYS), *(str(job.id) for job in await submitted(backend, *[LONG] * 6))]
    found = (await client.post("/api/jobs/lookup", json={"ids": asked})).json()
    again = (await client.post("/api/jobs/lookup", json={"ids": found["rest"]})).json()
    assert found["missing"] + ids(found["jobs"]) + ids(again["jobs"]) == asked
    assert (len(again["jobs"]), again["rest"]) == (2, [])


async def test_a_list_of_long_letters_ends_early(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    failed = [await backend.ended(job.id) for job in await submitted(backend, *[LONG] * 6, fail=True)]
    first = (await client.get("/api/dead-letters")).json()
    rest = (await client.get("/api/dead-letters", params={"offset": first["next_offset"]})).json()
    listed = ids(first["dead_letters"] + rest["dead_letters"], "job_id")
    assert set(listed) == {str(job.id) for job in failed}
    assert (len(first["dead_letters"]), first["next_offset"], rest["next_offset"]) == (4, 4, None)


async def test_a_client_reads_on_where_a_list_of_letters_ends_early(keys: KeyRing, backend: LocalBackend) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_body_bytes=ENOUGH))
    asking = HttpBackend(
        "http://localhost", api_key=SecretStr(keys.cut(OURS)), open_transport=lambda: httpx.ASGITransport(app)
    )
    failed = [await backend.ended(job.id) for job in await submitted(backend, *[LONG] * 6, fail=True)]
    letters = await asking.dead_letters(DeadLetterQuery(limit=5))
    assert (len(letters), {letter.job_id for letter in letters} <= {job.id for job in failed}) == (5, True)
