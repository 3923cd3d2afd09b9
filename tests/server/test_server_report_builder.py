"""The report builder's routes: its own words over the same jobs."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing

pytestmark = pytest.mark.anyio

JOBS = "/api/report-builder/jobs"
BLOCKS = [{"title": "Rivers", "prompt": "Write about rivers."}, {"title": "Lakes", "content": "Lakes lie."}]


@pytest.fixture
async def begun(client: httpx.AsyncClient) -> dict[str, Any]:
    """A report of two blocks, one of which has a text."""
    answered = await client.post("/api/documents", json={"title": "Water", "blocks": BLOCKS})
    assert answered.status_code == 201
    return dict(answered.json())


def task(begun: dict[str, Any], kind: str = "GENERATE", place: int = 0, **more: str) -> dict[str, str]:
    block = begun["blocks"][place]
    return {"documentId": begun["document"]["id"], "blockId": block["id"], "type": kind, **more}


async def start(client: httpx.AsyncClient, asked: dict[str, str]) -> str:
    await asyncio.sleep(1)  # so that no two jobs have one age
    answered = await client.post(JOBS, json=asked)
    assert answered.status_code == 201, answered.text
    return str(answered.json()["jobId"])


async def over(client: httpx.AsyncClient, backend: LocalBackend, job_id: str) -> dict[str, Any]:
    async for _ in backend.events(UUID(job_id)):
        pass
    return dict((await client.get(f"{JOBS}/{job_id}")).json())


async def test_a_document_shows_its_blocks_and_their_texts(client: httpx.AsyncClient, begun: dict[str, Any]) -> None:
    document_id, block_id = begun["document"]["id"], begun["blocks"][1]["id"]

    assert (await client.get(f"/api/documents/{document_id}")).json() == begun["document"]
    assert (await client.get(f"/api/documents/{document_id}/blocks")).json() == {"blocks": begun["blocks"]}
    [revision] = (await client.get(f"/api/blocks/{block_id}/revisions")).json()["revisions"]
    assert (revision["kind"], revision["content"], revision["job_id"]) == ("written", "Lakes lie.", None)


async def test_a_job_begins_pending_and_ends_with_its_result(
    client: httpx.AsyncClient, backend: LocalBackend, begun: dict[str, Any]
) -> None:
    answered = await client.post(JOBS, json=task(begun))
    assert answered.json() == {"jobId": answered.json()["jobId"], "status": "PENDING"}

    job = await over(client, backend, answered.json()["jobId"])
    [block, _] = (await client.get(f"/api/documents/{begun['document']['id']}/blocks")).json()["blocks"]
    assert (job["type"], job["status"], job["error"]) == ("GENERATE", "COMPLETED", None)
    assert (job["blockId"], job["documentId"]) == (block["id"], block["document_id"])
    assert job["result"]["content"] == block["content"]


async def test_a_job_shows_these_fields_in_camel_case(
    client: httpx.AsyncClient, backend: LocalBackend, begun: dict[str, Any]
) -> None:
    job = await over(client, backend, await start(client, task(begun, "ANALYZE", 1)))

    assert {*job} == {
        *("id", "type", "status", "result", "error", "createdAt", "completedAt", "blockId", "documentId"),
    }
    assert {"findings", "inputTokens", "creditsUsed"} <= {*job["result"]}
    assert {*job["result"]["findings"][0]} == {"kind", "severity", "message", "quote"}


async def test_a_missing_block_fails_the_job(
    client: httpx.AsyncClient, backend: LocalBackend, begun: dict[str, Any]
) -> None:
    job = await over(client, backend, await start(client, task(begun) | {"blockId": str(NOBODYS)}))
    assert (job["status"], job["error"]["code"]) == ("FAILED", "block_not_found")


async def test_jobs_are_listed_newest_first_by_document_and_status(
    client: httpx.AsyncClient, backend: LocalBackend, begun: dict[str, Any]
) -> None:
    other = (await client.post("/api/documents", json={"title": "Fire", "blocks": BLOCKS})).json()
    done = [await start(client, task(begun)), await start(client, task(begun, "ANALYZE", 1))]
    failed = await start(client, task(begun) | {"blockId": str(NOBODYS)})
    await start(client, task(other))
    await backend.submit([JobRequest(type="test_job", payload={})])
    await over(client, backend, failed)

    params = {"documentId": begun["document"]["id"]}
    assert await ids(client, params) == [failed, *reversed(done)]
    assert await ids(client, params | {"limit": "1"}) == [failed]
    assert await ids(client, params | {"status": "FAILED"}) == [failed]
    assert len(await ids(client, {})) == 4


async def ids(client: httpx.AsyncClient, params: dict[str, str]) -> list[str]:
    return [job["id"] for job in (await client.get(JOBS, params=params)).json()["jobs"]]


async def test_a_list_ends_early_where_texts_are_long(
    client: httpx.AsyncClient, backend: LocalBackend, keys: KeyRing, begun: dict[str, Any]
) -> None:
    jobs = [
        await start(client, task(begun, kind, place=1, prompt="Go on.")) for kind in ("REFINE", "ANALYZE", "REFINE")
    ]
    for job in jobs:
        await over(client, backend, job)
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_body_bytes=1))

    listed = await new_client(app, keys.cut(OURS)).get(JOBS)
    assert [job["id"] for job in listed.json()["jobs"]] == [jobs[2]]


async def test_a_job_is_stopped_once(client: httpx.AsyncClient, backend: LocalBackend, begun: dict[str, Any]) -> None:
    job_id = await start(client, task(begun))
    stopped = (await client.delete(f"{JOBS}/{job_id}")).json()
    job = await over(client, backend, job_id)

    assert (stopped["success"], job["status"], job["error"]["code"]) == (True, "FAILED", "cancelled")
    again = (await client.delete(f"{JOBS}/{job_id}")).json()
    assert again == {"success": False, "message": "The job was over already: FAILED."}


async def test_other_jobs_are_not_there(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    [job] = await backend.submit([JobRequest(type="test_job", payload={"seconds": 1})])

    shown, stopped = await client.get(f"{JOBS}/{job.id}"), await client.delete(f"{JOBS}/{job.id}")
    assert {(one.status_code, one.json()["code"]) for one in (shown, stopped)} == {(404, "job_not_found")}


async def test_another_tenant_finds_nothing(
    theirs: httpx.AsyncClient, client: httpx.AsyncClient, begun: dict[str, Any]
) -> None:
    document_id, block_id = begun["document"]["id"], begun["blocks"][1]["id"]
    job_id = await start(client, task(begun))

    assert (await theirs.get(f"{JOBS}/{job_id}")).status_code == 404
    assert (await theirs.get(JOBS, params={"documentId": document_id})).json() == {"jobs": []}
    assert (await theirs.get(f"/api/documents/{document_id}/blocks")).json() == {"blocks": []}
    assert (await theirs.get(f"/api/blocks/{block_id}/revisions")).json() == {"revisions": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "IMPROVE"}, "type"),
        ({"blockId": "first"}, "blockId"),
        ({"blokId": "x"}, "blokId"),
        ({"type": "REFINE"}, "prompt"),
        ({"prompt": " "}, "prompt"),
    ],
)
async def test_bad_input_is_refused_by_the_name_of_its_field(
    client: httpx.AsyncClient, begun: dict[str, Any], change: dict[str, str], field: str
) -> None:
    refused = await client.post(JOBS, json=task(begun) | change)
    assert (refused.status_code, [one["field"] for one in refused.json()["fields"]]) == (422, [field])
    assert "payload" not in refused.json()["detail"]


async def test_a_job_that_is_sent_again_is_the_first_one(client: httpx.AsyncClient, begun: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "order-7"}
    first, second = [await client.post(JOBS, json=task(begun), headers=key) for _ in range(2)]
    assert first.json()["jobId"] == second.json()["jobId"]


async def test_a_document_that_is_sent_again_is_the_first_one(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "report-7"}
    asked = {"title": "Water", "blocks": BLOCKS}
    first, second = [await client.post("/api/documents", json=asked, headers=key) for _ in range(2)]
    assert first.json() == second.json()


async def test_a_document_that_cannot_be_begun_names_the_field(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/documents", json={"title": "", "blocks": [{"titel": "x"}]})
    assert {one["field"] for one in refused.json()["fields"]} == {"title", "blocks[0].titel"}
