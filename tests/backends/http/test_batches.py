"""Rows of batches go out in as many requests as they need, whatever stands between here and the server."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
import respx

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.written_rows import PART_BYTES
from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRequest, Hold, Holder
from aijobs_sdk.contract.errors import BatchHeldError, InvalidRequestError, RequestTooLargeError
from backends.http.wire_words import JOB, NOW, a_batch, problem

pytestmark = pytest.mark.anyio

BATCH = f"/api/batches/{JOB}"
AWAY = httpx.Response(503)
SECRET = "row-canary-93"


def rows(count: int, text: str = "rain") -> list[BatchItem]:
    return [BatchItem(index=n, key="k", inputs={"text": text}, request={}) for n in range(count)]


def indexes(route: respx.Route) -> list[list[int]]:
    """Return which rows each request held."""
    return [[row["index"] for row in json.loads(call.request.content)["rows"]] for call in route.calls]


def takes_at_most(count: int) -> Callable[[httpx.Request], httpx.Response]:
    """Return how somebody answers who takes so many rows at once."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(204 if len(json.loads(request.content)["rows"]) <= count else 413)

    return answer


async def test_rows_that_are_much_go_out_in_parts(backend: HttpBackend, server: respx.Router) -> None:
    put = server.put(f"{BATCH}/rows").respond(204)
    await backend.put_batch_rows(JOB, rows(5, "x" * (PART_BYTES // 2 - 100)))
    assert indexes(put) == [[0, 1], [2, 3], [4]]


async def test_who_takes_less_is_sent_less(backend: HttpBackend, server: respx.Router) -> None:
    put = server.put(f"{BATCH}/rows").mock(side_effect=takes_at_most(2))
    await backend.put_batch_rows(JOB, rows(5))
    assert indexes(put) == [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [2], [3, 4]]


async def test_a_row_that_is_too_large_alone_is_named_and_not_shown(backend: HttpBackend, server: respx.Router) -> None:
    server.put(f"{BATCH}/rows").mock(side_effect=takes_at_most(0))
    with pytest.raises(RequestTooLargeError, match=r"rows\[0\].*bytes") as refused:
        await backend.put_batch_rows(JOB, rows(3, SECRET))
    assert [one.field for one in refused.value.fields] == ["rows[0]"]
    assert SECRET not in str(refused.value)


async def test_a_row_that_is_no_json_is_named_before_anything_is_sent(
    backend: HttpBackend, server: respx.Router
) -> None:
    put = server.put(f"{BATCH}/rows").respond(204)
    with pytest.raises(InvalidRequestError, match=r"rows\[3\]"):
        await backend.put_batch_rows(
            JOB, [*rows(3), BatchItem(index=3, key="k", inputs={"text": "\ud800"}, request={})]
        )
    assert put.call_count == 0


async def test_what_is_asked_about_a_batch_is_asked_again(backend: HttpBackend, server: respx.Router) -> None:
    opened = server.post("/api/batches").mock(side_effect=[AWAY, httpx.Response(201, json=a_batch())])
    put = server.put(f"{BATCH}/rows").mock(side_effect=[AWAY, httpx.Response(204)])
    batch = await backend.open_batch(BatchRequest(name="summaries"))
    await backend.put_batch_rows(batch.id, rows(1))
    assert (opened.call_count, indexes(put)) == (2, [[0], [0]])


async def test_who_holds_a_batch_is_not_asked_twice(backend: HttpBackend, server: respx.Router) -> None:
    held = server.put(f"{BATCH}/holder").mock(
        return_value=problem(409, "batch_held", name="summaries", held_by="process 7")
    )
    holder = Holder.model_validate({"token": "t", "host": "h", "pid": 1, "since": NOW})
    with pytest.raises(BatchHeldError) as refused:
        await backend.hold_batch(JOB, Hold(holder, 30))
    assert (refused.value.held_by, held.call_count) == ("process 7", 1)


async def test_rows_are_read_on_until_there_are_as_many_as_asked_for(
    backend: HttpBackend, server: respx.Router
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        start, limit = (int(request.url.params[name]) for name in ("start", "limit"))
        some = [row.model_dump(mode="json") for row in rows(10)[start : start + min(limit, 4)]]
        return httpx.Response(200, json={"rows": some, "next_start": start + 4 if start + 4 < 10 else None})

    asked = server.get(f"{BATCH}/rows").mock(side_effect=answer)
    assert await backend.batch_rows(JOB, start=1, limit=6) == rows(10)[1:7]
    assert await backend.batch_rows(JOB, start=3) == rows(10)[3:]
    assert asked.call_count == 4


async def test_a_change_says_only_what_is_different(backend: HttpBackend, server: respx.Router) -> None:
    patched = server.patch(BATCH).respond(200, json=a_batch())
    await backend.change_batch(JOB, BatchChange(settings={"budget": None}))
    assert json.loads(patched.calls.last.request.content) == {"settings": {"budget": None}}
