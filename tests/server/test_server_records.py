"""What jobs leave behind, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.job import Job, JobRequest
from aijobs_sdk.contract.records import DeadLetter, Document, UsageRow
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.server.app import create_app
from aijobs_sdk.usage.columns import EXPORT_COLUMNS
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing, a_test_job

pytestmark = pytest.mark.anyio

EVER = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
NIGHTLY = {"cron": "0 3 * * *", "timezone": "Europe/Berlin", "job": a_test_job()}


async def over(backend: LocalBackend, **request: Any) -> Job:
    [job] = await backend.submit([JobRequest(**request)])
    async for _ in backend.events(job.id):
        pass
    return await backend.get(job.id)


async def a_text(backend: LocalBackend) -> Job:
    return await over(backend, type="ai_generation", payload={"prompt": "A river", "model": "gpt-5.2"})


async def a_failure(backend: LocalBackend) -> Job:
    return await over(backend, type="test_job", payload={"fail": True})


async def test_a_document_and_how_it_came_to_be(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await a_text(backend)
    path = f"/api/documents/{(job.result or {})['document_id']}"
    document = Document.model_validate_json((await client.get(path)).content)
    [event] = (await client.get(f"{path}/lineage")).json()["lineage"]
    assert (document.job_id, event["job_id"]) == (job.id, str(job.id))


async def test_another_tenants_document_is_not_there(theirs: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await a_text(backend)
    path = f"/api/documents/{(job.result or {})['document_id']}"
    assert (await theirs.get(path)).json()["code"] == "document_not_found"
    assert (await theirs.get(f"{path}/lineage")).json() == {"lineage": []}


async def test_usage_is_one_row_a_line(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    jobs = [await a_text(backend) for _ in range(2)]
    lines = (await client.get("/api/usage", params=EVER)).text.splitlines()
    rows = [UsageRow.model_validate_json(line) for line in lines]
    assert [row.metadata["job_id"] for row in rows] == [str(job.id) for job in jobs]


async def test_usage_as_csv_is_the_exports_own(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    await a_text(backend)
    answer = await client.get("/api/usage", params=EVER | {"format": "csv"})
    header, row = csv.reader(io.StringIO(answer.text))
    assert (tuple(header), len(row)) == (EXPORT_COLUMNS, len(EXPORT_COLUMNS))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", ""])
async def test_a_span_of_time_has_instants_with_zones(client: httpx.AsyncClient, since: str) -> None:
    refused = await client.get("/api/usage", params=EVER | {"since": since})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "since")


async def test_dead_letters_are_listed_and_shown(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await a_failure(backend)
    [letter] = (await client.get("/api/dead-letters", params={"category": "provider"})).json()["dead_letters"]
    shown = (await client.get(f"/api/dead-letters/{job.id}")).content
    assert DeadLetter.model_validate(letter) == DeadLetter.model_validate_json(shown)
    assert (await client.get("/api/dead-letters", params={"replayed": True})).json()["dead_letters"] == []


async def test_a_dead_letter_is_replayed_as_a_new_job(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    job = await a_failure(backend)
    answer = await client.post(f"/api/dead-letters/{job.id}/replay")
    assert (answer.status_code, answer.json()["replay_of"]) == (201, str(job.id))


async def test_a_replay_that_is_sent_again_with_its_key_is_the_first(
    client: httpx.AsyncClient, backend: LocalBackend
) -> None:
    path = f"/api/dead-letters/{(await a_failure(backend)).id}/replay"
    first = (await client.post(path, headers={"Idempotency-Key": "once"})).json()
    other = (await client.post(path, headers={"Idempotency-Key": "twice"})).json()
    again = (await client.post(path, headers={"Idempotency-Key": "once"})).json()
    assert (again["id"] == first["id"], other["id"] == first["id"]) == (True, False)


async def test_a_replays_key_is_checked(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    path = f"/api/dead-letters/{(await a_failure(backend)).id}/replay"
    refused = await client.post(path, headers={"Idempotency-Key": "x" * 241})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_letter_that_there_is_not_is_said(client: httpx.AsyncClient) -> None:
    for_nobody = await client.post(f"/api/dead-letters/{NOBODYS}/replay")
    assert (for_nobody.status_code, for_nobody.json()["code"]) == (404, "dead_letter_not_found")


async def test_dead_letters_are_purged_by_age(client: httpx.AsyncClient, backend: LocalBackend) -> None:
    await a_failure(backend)
    young = await client.delete("/api/dead-letters", params={"older_than_seconds": 3600})
    every = await client.delete("/api/dead-letters", params={"older_than_seconds": 0})
    assert (young.json(), every.json()["purged"] <= 1) == ({"purged": 0}, True)


@pytest.mark.parametrize("age", ["-1", "nan", "inf", "1e300", "old"])
async def test_an_age_is_a_number_of_seconds(client: httpx.AsyncClient, age: str) -> None:
    assert (await client.delete("/api/dead-letters", params={"older_than_seconds": age})).status_code == 422


async def test_a_schedule_is_put_listed_and_deleted(client: httpx.AsyncClient) -> None:
    put = await client.put("/api/schedules/nightly", json=NIGHTLY)
    listed = (await client.get("/api/schedules")).json()["schedules"]
    assert [Schedule.model_validate(one) for one in listed] == [Schedule.model_validate_json(put.content)]
    assert (await client.delete("/api/schedules/nightly")).status_code == 204
    gone = await client.delete("/api/schedules/nightly")
    assert (gone.status_code, gone.json()["code"], gone.json()["name"]) == (404, "schedule_not_found", "nightly")


async def test_a_schedules_name_may_be_any_text(client: httpx.AsyncClient) -> None:
    put = await client.put("/api/schedules/every%20night%2Ftwice%3F", json=NIGHTLY)
    assert put.json()["name"] == "every night/twice?"


async def test_a_schedule_that_cannot_be_used_is_named(client: httpx.AsyncClient) -> None:
    refused = await client.put("/api/schedules/nightly", json=NIGHTLY | {"cron": "never"})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "cron")


async def test_probes_need_no_key(app: FastAPI) -> None:
    assert (await new_client(app).get("/healthz")).json() == {"status": "ok"}
    assert (await new_client(app).get("/readyz")).json() == {"status": "ready"}


async def test_health_says_how_the_parts_are(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/health")).json()["store"]["reachable"] is True


async def test_metrics_are_shown_where_they_are_kept(backend: LocalBackend, keys: KeyRing, app: FastAPI) -> None:
    told = create_app(backend.acting_for, keys=keys, metrics_text=lambda: "jobs_total 1\n")
    shown = await new_client(told, keys.cut(OURS)).get("/metrics")
    assert (shown.text, shown.headers["content-type"][:10]) == ("jobs_total 1\n", "text/plain")
    assert (await new_client(app, keys.cut(OURS)).get("/metrics")).status_code == 404
