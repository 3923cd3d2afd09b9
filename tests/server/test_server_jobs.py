"""Jobs over HTTP: submitted, looked at, asked to stop."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import Job, JobPage, JobRequest, JobStatus
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing, a_test_job

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "order-7"}


async def submit(client: httpx.AsyncClient, **payload: Any) -> Job:
    return Job.model_validate_json((await client.post("/api/jobs", json=a_test_job(**payload))).content)


async def over(backend: LocalBackend, job: Job) -> Job:
    async for _ in backend.events(job.id):
        pass
    return await backend.get(job.id)


async def test_one_job_comes_back_as_it_is_stored(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    answer = await client.post("/api/jobs", json=a_test_job(echo="hello") | {"priority": "high"})
    job = Job.model_validate_json(answer.content)
    assert answer.status_code == 201
    assert (job.tenant_id, job.user_id, job.priority) == (OURS.tenant_id, OURS.user_id, "high")
    assert (await over(backend, job)).result == {"echo": "hello", "attempt": 1}


async def test_many_jobs_come_back_in_order(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/jobs", json={"jobs": [a_test_job(echo=n) for n in range(3)]})
    assert answer.status_code == 201
    assert [job["payload"]["echo"] for job in answer.json()["jobs"]] == [0, 1, 2]


async def test_of_many_jobs_all_are_stored_or_none(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/jobs", json={"jobs": [a_test_job(), a_test_job(steps=-1)]})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_payload")
    assert refused.json()["fields"][0]["field"] == "requests[1].payload.steps"
    assert (await client.get("/api/jobs")).json()["jobs"] == []


async def test_a_request_that_is_sent_again_stores_nothing(client: httpx.AsyncClient) -> None:
    first, second = [await client.post("/api/jobs", json=a_test_job(), headers=KEY) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["idempotency_key"] == "order-7"


async def test_many_jobs_sent_again_are_the_same_by_their_places(client: httpx.AsyncClient) -> None:
    body = {"jobs": [a_test_job(), a_test_job() | {"idempotency_key": "mine"}]}
    first, second = [(await client.post("/api/jobs", json=body, headers=KEY)).json()["jobs"] for _ in range(2)]
    assert [job["idempotency_key"] for job in first] == ["order-7/0", "mine"]
    assert [job["id"] for job in first] == [job["id"] for job in second]


async def test_a_key_that_was_used_for_something_else_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post("/api/jobs", json=a_test_job(), headers=KEY)
    conflict = await client.post("/api/jobs", json=a_test_job(steps=1), headers=KEY)
    assert (conflict.status_code, conflict.json()["code"], conflict.json()["key"]) == (
        409,
        "idempotency_conflict",
        "order-7",
    )


@pytest.mark.parametrize("key", ["", "x" * 241, "schlüssel", "a\tb"])
async def test_an_idempotency_key_is_short_and_printable(client: httpx.AsyncClient, key: str) -> None:
    refused = await client.post("/api/jobs", json=a_test_job(), headers={b"Idempotency-Key": key.encode()})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_misspelt_field_is_named(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/jobs", json=a_test_job() | {"prioritty": "high"})
    assert refused.json()["fields"] == [
        {"field": "prioritty", "problem": "is not known here. Did you mean 'priority'?"}
    ]


async def test_a_prompt_that_is_too_long_is_named(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_prompt_chars=10))
    job = {"type": "ai_generation", "payload": {"prompt": "x" * 11, "model": "gpt-5.2"}}
    refused = await new_client(app, keys.cut(OURS)).post("/api/jobs", json=job)
    assert refused.json()["fields"] == [
        {"field": "payload.prompt", "problem": "must have at most 10 characters, got 11"}
    ]


async def test_a_prompt_that_is_too_long_is_found_among_many_in_one_job(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_prompt_chars=10))
    items = [{"key": word, "payload": {"prompt": word, "model": "gpt-5.2"}} for word in ("short", "x" * 11)]
    job = {"type": "ai_generation_batch", "payload": {"items": items}}
    refused = await new_client(app, keys.cut(OURS)).post("/api/jobs", json=job)
    assert refused.json()["fields"] == [
        {"field": "payload.items.1.payload.prompt", "problem": "must have at most 10 characters, got 11"}
    ]


async def test_a_prompt_that_is_too_long_is_one_refusal_among_others(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_prompt_chars=10))
    too_long = {"type": "ai_generation", "payload": {"prompt": "x" * 11, "model": "gpt-5.2"}}
    jobs = [a_test_job(), too_long, a_test_job(steps=-1)]
    answer = await new_client(app, keys.cut(OURS)).post("/api/jobs/refusals", json={"jobs": jobs})
    refusals = answer.json()["refusals"]
    assert [(place, one["fields"][0]["field"]) for place, one in refusals.items()] == [
        ("1", "payload.prompt"),
        ("2", "payload.steps"),
    ]


async def test_too_many_jobs_at_once_are_refused(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_jobs=2))
    refused = await new_client(app, keys.cut(OURS)).post("/api/jobs", json={"jobs": [a_test_job()] * 3})
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")


async def test_refusals_say_what_would_be_refused_and_store_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/jobs/refusals", json={"jobs": [a_test_job(), a_test_job(steps=-1)]})
    refusals = answer.json()["refusals"]
    assert (list(refusals), refusals["1"]["fields"][0]["field"]) == (["1"], "payload.steps")
    assert (await client.get("/api/jobs")).json()["jobs"] == []


async def test_estimates_say_what_jobs_would_cost(client: httpx.AsyncClient) -> None:
    job = {"type": "ai_generation", "payload": {"prompt": "A river", "model": "gpt-5.2"}}
    answer = await client.post("/api/jobs/estimates", json={"jobs": [job, job]})
    first, second = answer.json()["estimates"]
    assert first == second
    assert first["model"] == "gpt-5.2"


async def test_a_page_names_the_next_one(client: httpx.AsyncClient) -> None:
    ids = [(await submit(client)).id for _ in range(3)]
    first = JobPage.model_validate_json((await client.get("/api/jobs", params={"limit": 2})).content)
    cursor = {"limit": "2", "cursor": first.next_cursor or ""}
    second = JobPage.model_validate_json((await client.get("/api/jobs", params=cursor)).content)
    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]
    assert second.next_cursor is None


@pytest.mark.parametrize("status", ["FAILED", "failed", "Failed"])
async def test_a_status_reads_in_any_case(client: httpx.AsyncClient, backend: LocalBackend, status: str) -> None:
    await over(backend, await submit(client))
    failed = await over(backend, await submit(client, fail=True))
    jobs = (await client.get("/api/jobs", params={"status": status})).json()["jobs"]
    assert [(job["id"], job["status"]) for job in jobs] == [(str(failed.id), "failed")]


async def test_a_parameter_that_there_is_not_is_named(client: httpx.AsyncClient) -> None:
    refused = await client.get("/api/jobs", params={"limmit": 2})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "limmit")


A_TEXT = {"type": "ai_generation", "payload": {"prompt": "A river", "model": "m" * 9000}}


@pytest.mark.parametrize("job", [{"type": "t" * 9000, "payload": {}}, A_TEXT], ids=["type", "model"])
async def test_a_long_text_in_place_of_a_name_is_not_echoed(client: httpx.AsyncClient, job: dict[str, Any]) -> None:
    refused = await client.post("/api/jobs", json=job)
    assert (refused.status_code, len(refused.content) < 2000) == (422, True)


async def test_a_look_up_tells_what_is_there_from_what_is_not(client: httpx.AsyncClient) -> None:
    job = await submit(client)
    answer = await client.post("/api/jobs/lookup", json={"ids": [str(job.id), str(NOBODYS), str(job.id)]})
    assert [one["id"] for one in answer.json()["jobs"]] == [str(job.id)]
    assert answer.json()["missing"] == [str(NOBODYS)]


async def test_a_look_up_of_too_many_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/jobs/lookup", json={"ids": [str(uuid4()) for _ in range(1001)]})
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")


async def test_a_job_that_is_deleted_is_cancelled(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await submit(client, seconds=60)
    asked = await client.delete(f"/api/jobs/{job.id}")
    assert asked.status_code == 200
    assert (await over(backend, job)).cancelled()


async def test_cancelling_a_finished_job_changes_nothing(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await over(backend, await submit(client))
    assert Job.model_validate_json((await client.delete(f"/api/jobs/{job.id}")).content) == job


async def test_another_tenants_job_is_not_there(client: httpx.AsyncClient, theirs: httpx.AsyncClient) -> None:
    job = await submit(client)
    foreign, none = await theirs.get(f"/api/jobs/{job.id}"), await theirs.get(f"/api/jobs/{NOBODYS}")
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert foreign.text.replace(str(job.id), "?") == none.text.replace(str(NOBODYS), "?")


async def test_an_id_that_is_none_is_named(client: httpx.AsyncClient) -> None:
    refused = await client.get("/api/jobs/42")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert refused.json()["fields"][0]["field"] == "job_id"


async def test_a_job_without_pictures_has_none(client: httpx.AsyncClient) -> None:
    job = await submit(client)
    assert (await client.get(f"/api/jobs/{job.id}/images")).json() == {"images": []}


async def test_what_is_submitted_elsewhere_is_seen_here(app: FastAPI, keys: KeyRing, backend: LocalBackend) -> None:
    [job] = await backend.submit([JobRequest(type="test_job", payload={})])
    seen = Job.model_validate_json((await new_client(app, keys.cut(OURS)).get(f"/api/jobs/{job.id}")).content)
    assert (seen.id, seen.status) == (job.id, JobStatus.PENDING)
