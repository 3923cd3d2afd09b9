"""The journals of batches, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing, a_test_job

pytestmark = pytest.mark.anyio

HOLDER = {"token": "t1", "host": "here", "pid": 7, "since": "2026-01-01T00:00:00Z"}
A_DAY_AND_MORE = 86_401


async def begun(client: httpx.AsyncClient, name: str = "summaries") -> str:
    answer = await client.post("/api/batches", json={"name": name, "settings": {"budget": "5"}})
    assert answer.status_code == 201
    return f"/api/batches/{answer.json()['id']}"


def a_row(index: int, text: str = "rain") -> dict[str, Any]:
    return {"index": index, "key": f"k{index}", "inputs": {"text": text}, "request": {"prompt": text}}


async def test_a_name_is_begun_once(client: httpx.AsyncClient) -> None:
    assert await begun(client) == await begun(client)
    assert await begun(client, "others") != await begun(client)


async def test_batches_are_listed_and_found_by_name(client: httpx.AsyncClient) -> None:
    for name in ("a/b?c", "ä & ö"):
        await begun(client, name)
    listed = [BatchRecord.model_validate(one) for one in (await client.get("/api/batches")).json()["batches"]]
    found = (await client.get("/api/batches", params={"name": "a/b?c"})).json()["batches"]
    assert ([one.name for one in listed], [one["name"] for one in found]) == (["ä & ö", "a/b?c"], ["a/b?c"])
    assert (await client.get("/api/batches", params={"name": "c"})).json() == {"batches": []}


async def test_only_what_is_named_is_changed(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    await client.patch(batch, json={"rows": 3})
    changed = (await client.patch(batch, json={"wish": "pause"})).json()
    assert (changed["rows"], changed["wish"], changed["settings"]) == (3, "pause", {"budget": "5"})


async def test_who_holds_a_batch_says_how_far_it_is(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    standing = {"state": "running", "completed": 2, "credits": "0.5"}
    held = await client.put(f"{batch}/holder", json={"holder": HOLDER, "seconds": 30, "standing": standing})
    record = BatchRecord.model_validate_json(held.content)
    assert (record.holder and record.holder.pid, record.standing.state) == (7, BatchState.RUNNING)
    given_back = await client.put(f"{batch}/holder", json={"holder": HOLDER, "seconds": 0})
    assert (given_back.json()["holder"], given_back.json()["standing"]["completed"]) == (None, 2)


async def test_a_second_holder_is_told_who_has_it(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    await client.put(f"{batch}/holder", json={"holder": HOLDER, "seconds": 30})
    refused = await client.put(f"{batch}/holder", json={"holder": HOLDER | {"token": "t2"}, "seconds": 30})
    assert (refused.status_code, refused.json()["code"], refused.json()["name"]) == (409, "batch_held", "summaries")
    assert "process 7 on here" in refused.json()["held_by"]


async def test_rows_are_kept_and_read_in_pages(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    rows = [a_row(n) for n in range(5)]
    assert (await client.put(f"{batch}/rows", json={"rows": rows})).status_code == 204
    await client.put(f"{batch}/rows", json={"rows": [a_row(2, "snow")]})
    page = (await client.get(f"{batch}/rows", params={"start": 1, "limit": 3})).json()
    assert page == {"rows": [rows[1], a_row(2, "snow"), rows[3]], "next_start": 4}
    rest = (await client.get(f"{batch}/rows", params={"start": page["next_start"]})).json()
    assert rest == {"rows": [rows[4]], "next_start": None}


async def test_an_answer_with_long_rows_ends_early(backend: LocalBackend, keys: KeyRing) -> None:
    app = create_app(backend.acting_for, keys=keys, limits=ServerLimits(max_body_bytes=25_000))
    client = new_client(app, keys.cut(OURS))
    batch = await begun(client)
    rows = [a_row(n, "x" * 40) for n in range(300)]
    puts = [await client.put(f"{batch}/rows", json={"rows": some}) for some in (rows[:150], rows[150:])]
    found = await client.get(f"{batch}/rows")
    shown = len(found.json()["rows"])
    assert [one.status_code for one in puts] == [204, 204]
    assert found.json() == {"rows": rows[:shown], "next_start": shown}
    assert 25_000 <= len(found.content) <= 25_400  # no more than one row too much
    rest = (await client.get(f"{batch}/rows", params={"start": shown})).json()
    assert rest == {"rows": rows[shown:], "next_start": None}


async def test_a_batch_is_forgotten_once(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    assert (await client.delete(batch)).status_code == 204
    gone = await client.delete(batch)
    assert (gone.status_code, gone.json()["code"]) == (404, "batch_not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"rows": 1}),
        ("PUT", "/holder", {"holder": HOLDER, "seconds": 1}),
        ("PUT", "/rows", {"rows": [a_row(0)]}),
    ],
)
async def test_a_batch_that_there_is_not_is_said(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> None:
    refused = await client.request(method, f"/api/batches/{NOBODYS}{path}", json=body)
    assert (refused.status_code, refused.json()["name"]) == (404, str(NOBODYS))


async def test_a_job_says_which_batch_it_is_of(client: httpx.AsyncClient) -> None:
    batch = (await begun(client)).removeprefix("/api/batches/")
    one = (await client.post("/api/jobs", json=a_test_job() | {"batch_id": batch})).json()
    await client.post("/api/jobs", json=a_test_job())
    found = (await client.get("/api/jobs", params={"batch_id": batch})).json()["jobs"]
    assert [(job["id"], job["batch_id"]) for job in found] == [(one["id"], batch)]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/holder", {"holder": HOLDER, "seconds": A_DAY_AND_MORE}, "seconds"),
        ("/holder", {"holder": HOLDER | {"since": "2026-01-01T00:00:00"}, "seconds": 1}, "holder.since"),
        ("/rows", {"rows": []}, "rows"),
        ("/rows", {"rows": [a_row(0), a_row(2**31)]}, "rows[1].index"),
        ("/rows", {"rows": [a_row(0) | {"key": "a\x00"}]}, "rows[0].key"),
        ("/rows", {"rows": [a_row(0) | {"index": False}]}, "rows[0].index"),
    ],
)
async def test_what_cannot_be_used_is_named(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    refused = await client.put(f"{await begun(client)}{path}", json=body)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, field)


async def test_no_row_is_forgotten_for_a_false_in_the_place_of_a_count(client: httpx.AsyncClient) -> None:
    batch = await begun(client)
    await client.put(f"{batch}/rows", json={"rows": [a_row(0)]})
    refused = await client.patch(batch, json={"rows": False})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "rows")
    assert (await client.get(f"{batch}/rows")).json()["rows"] == [a_row(0)]


@pytest.mark.parametrize("name", ["", " summaries", "a\nb", "x" * 201, "a\x00b", 7])
async def test_what_is_no_name_is_refused(client: httpx.AsyncClient, name: object) -> None:
    refused = await client.post("/api/batches", json={"name": name})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "name")


async def test_more_rows_than_a_request_may_hold_are_refused(client: httpx.AsyncClient) -> None:
    refused = await client.put(f"{await begun(client)}/rows", json={"rows": [a_row(0)] * 1001})
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")
