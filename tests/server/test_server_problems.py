"""What is said when things go wrong, and around every answer."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.contract.errors import JobNotFoundError, StoreUnavailableError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.contract.problem import error_of
from aijobs_sdk.server.app import create_app
from server.conftest import new_client
from server.server_worlds import NOBODYS, OURS, KeyRing

pytestmark = pytest.mark.anyio


async def test_an_error_reads_back_as_itself(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/api/jobs/{NOBODYS}")
    error = error_of(answer.status_code, answer.json())
    assert isinstance(error, JobNotFoundError)
    assert (error.job_id, answer.headers["content-type"]) == (NOBODYS, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nowhere", 404, "not_found"),
        ("PATCH", "/api/jobs", 405, "method_not_allowed"),
        ("GET", "/api/jobs/", 404, "not_found"),
        ("GET", "/api/jobs?type=%00", 422, "invalid_request"),
        ("GET", "/api/schedules/%00", 422, "invalid_request"),
        ("GET", "/api/jobs/%0d%0aX-Evil:%20yes", 422, "invalid_request"),
        ("GET", "/api/jobs?cursor=nonsense", 422, "invalid_request"),
        ("GET", "/api/dead-letters?offset=99999999999999999999", 422, "invalid_request"),
        ("GET", "/api/documents/00000000-0000-0000-0000-000000000063", 404, "document_not_found"),
    ],
)
async def test_what_only_http_knows_is_a_problem_document_too(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)


async def test_a_method_that_a_route_has_not_is_answered_by_those_it_has(client: httpx.AsyncClient) -> None:
    assert (await client.patch("/api/jobs")).headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/health", "/api/jobs", f"/api/jobs/{NOBODYS}"])
async def test_head_is_answered_as_get_is_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", [f"/api/jobs/{NOBODYS}/events", "/api/usage"])
async def test_what_has_no_end_has_no_head(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.head(path)).status_code == 405


class BrokenKeys:
    """A place for keys that is broken in one way or another."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def key(self, key_id: str) -> ApiKey | None:
        raise self._error


def broken(error: Exception) -> FastAPI:
    def no_backend(_: Caller) -> None:
        raise error

    return create_app(no_backend, keys=BrokenKeys(error))  # type: ignore[arg-type]  # it is never reached


async def test_a_mistake_of_ours_shows_nothing_but_where_to_look(
    keys: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await new_client(broken(ZeroDivisionError("s3cret")), keys.cut(OURS)).get("/api/jobs?type=private")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-request-id"] in caplog.text
    assert "s3cret" not in answer.text
    assert "private" not in caplog.text


async def test_a_store_that_is_away_is_said(keys: KeyRing) -> None:
    answer = await new_client(broken(StoreUnavailableError("It is away.")), keys.cut(OURS)).get("/api/jobs")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


async def test_every_answer_has_an_id(client: httpx.AsyncClient) -> None:
    assert UUID((await client.get("/healthz")).headers["x-request-id"])
    assert UUID((await client.get("/api/nowhere")).headers["x-request-id"])


@pytest.mark.parametrize(("given", "is_kept"), [("trace-1.a_B", True), ("a b", False), ("x" * 65, False)])
async def test_an_id_that_is_sane_is_kept(client: httpx.AsyncClient, given: str, *, is_kept: bool) -> None:
    answer = await client.get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is is_kept
