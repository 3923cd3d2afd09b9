"""Those who ask for jobs at the same time share a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.contract.errors import AIJobsError, JobNotFoundError, ServerUnavailableError, UnreadableRecordError
from backends.http.wire_words import JOB, OTHER, event, finished, problem, record, stream

pytestmark = pytest.mark.anyio


def look_up(request: httpx.Request) -> httpx.Response:
    ids = [UUID(one) for one in json.loads(request.content)["ids"]]
    return httpx.Response(200, json={"jobs": [record(one) for one in ids if one != OTHER], "missing": [str(OTHER)]})


async def test_one_who_asks_alone_gets_the_job_itself(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get(f"/api/jobs/{JOB}").respond(json=record())
    assert (await backend.get(JOB)).id == JOB
    assert asked.call_count == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.get(JOB),
        lambda it: it.cancel(JOB),
        lambda it: anext(it.events(JOB, follow=False)),
        lambda it: asyncio.gather(it.get(JOB), it.get(UUID(int=9))),
    ],
    ids=["get", "cancel", "events", "look-up"],
)
async def test_an_answer_about_another_job_is_taken_by_nobody(
    server: respx.Router, backend: HttpBackend, ask: Callable[[HttpBackend], Awaitable[object]]
) -> None:
    server.route(path=f"/api/jobs/{JOB}").respond(json=record(OTHER, "completed"))
    server.get(f"/api/jobs/{JOB}/events").mock(side_effect=lambda _: stream(event(1, job_id=OTHER)))
    server.post("/api/jobs/lookup").respond(json={"jobs": [record(OTHER)], "missing": []})
    with pytest.raises(ServerUnavailableError, match="its answer was about another job"):
        await ask(backend)


async def test_many_who_ask_together_share_one_request_for_each_thousand(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.post("/api/jobs/lookup").mock(side_effect=look_up)
    ids = [uuid4() for _ in range(2500)]
    jobs = await asyncio.gather(*(backend.get(job_id) for job_id in ids))
    assert [job.id for job in jobs] == ids
    assert asked.call_count == 3


async def test_what_was_not_looked_up_is_asked_for_again(server: respx.Router, backend: HttpBackend) -> None:
    def look_up_two(request: httpx.Request) -> httpx.Response:
        ids = json.loads(request.content)["ids"]
        jobs = [record(UUID(one)) for one in ids[:2]]
        return httpx.Response(200, json={"jobs": jobs, "missing": [], "rest": ids[2:]})

    asked = server.post("/api/jobs/lookup").mock(side_effect=look_up_two)
    ids = [uuid4() for _ in range(5)]
    jobs = await asyncio.gather(*(backend.get(job_id) for job_id in ids))
    assert ([job.id for job in jobs], asked.call_count) == (ids, 3)


async def test_a_job_that_is_missing_among_many_is_not_found(server: respx.Router, backend: HttpBackend) -> None:
    server.post("/api/jobs/lookup").mock(side_effect=look_up)
    found, missing = await asyncio.gather(backend.get(JOB), backend.get(OTHER), return_exceptions=True)
    assert isinstance(missing, JobNotFoundError)
    assert not isinstance(found, BaseException)


async def test_a_job_that_cannot_be_read_is_told_from_one_that_is_missing(
    server: respx.Router, backend: HttpBackend
) -> None:
    why = json.loads(problem(500, "unreadable_record", job_id=str(OTHER)).content)
    server.post("/api/jobs/lookup").respond(json={"jobs": [record()], "missing": [], "unreadable": {str(OTHER): why}})
    found, unreadable = await asyncio.gather(backend.get(JOB), backend.get(OTHER), return_exceptions=True)
    assert isinstance(unreadable, UnreadableRecordError)
    assert not isinstance(found, BaseException)


async def test_a_job_that_is_asked_for_twice_at_once_is_asked_for_once(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.get(f"/api/jobs/{JOB}").respond(json=record())
    first, second = await asyncio.gather(backend.get(JOB), backend.get(JOB))
    assert first == second
    assert asked.call_count == 1


@pytest.mark.parametrize("turns", range(1, 5))
async def test_whoever_asks_while_the_client_is_closed_is_told(
    server: respx.Router, backend: HttpBackend, turns: int
) -> None:
    server.get(f"/api/jobs/{JOB}").mock(side_effect=look_up_slowly)
    asked = asyncio.create_task(backend.get(JOB))
    for _ in range(turns):
        await asyncio.sleep(0)
    await backend.aclose()
    async with asyncio.timeout(1):
        with pytest.raises(AIJobsError, match="closed while something was under way"):
            await asked


async def look_up_slowly(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(2)
    return look_up(request)


async def test_one_who_gives_up_takes_nobody_along(server: respx.Router, backend: HttpBackend) -> None:
    server.post("/api/jobs/lookup").mock(side_effect=look_up_slowly)
    leaving, staying = asyncio.create_task(backend.get(uuid4())), asyncio.create_task(backend.get(JOB))
    await asyncio.sleep(1)
    leaving.cancel()
    assert (await staying).id == JOB


async def test_a_question_whose_askers_have_all_left_is_not_asked_again(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.get(f"/api/jobs/{JOB}").respond(503)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await backend.get(JOB)
    await asyncio.sleep(60)
    assert asked.call_count == 1


async def test_a_server_that_stays_away_is_known_to_all_who_asked(server: respx.Router, backend: HttpBackend) -> None:
    server.post("/api/jobs/lookup").mock(side_effect=httpx.ConnectError("refused"))
    answers = await asyncio.gather(backend.get(JOB), backend.get(OTHER), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ServerUnavailableError] * 2


async def test_a_job_that_was_followed_to_its_end_is_not_asked_for_again(
    server: respx.Router, backend: HttpBackend
) -> None:
    server.get(f"/api/jobs/{JOB}/events").mock(return_value=stream(event(1), finished(), event(2, "completed")))
    assert [one.seq async for one in backend.events(JOB)] == [1, 2]
    assert (await backend.get(JOB)).is_final


async def test_a_job_that_is_not_over_is_asked_for_each_time(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get(f"/api/jobs/{JOB}").respond(json=record())
    await backend.get(JOB)
    await backend.get(JOB)
    assert asked.call_count == 2


async def test_an_unknown_job_is_not_found(server: respx.Router, backend: HttpBackend) -> None:
    server.get(f"/api/jobs/{JOB}").mock(return_value=problem(404, "job_not_found", job_id=str(JOB)))
    with pytest.raises(JobNotFoundError):
        await backend.get(JOB)
