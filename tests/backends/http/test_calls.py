"""How often a server is asked, when again, and what it comes to."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import httpx
import pytest
import respx
from pydantic import SecretStr

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.parting import LAST_SECONDS
from aijobs_sdk.contract.errors import (
    AIJobsError,
    AuthenticationError,
    IdempotencyConflictError,
    InvalidRequestError,
    JobNotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTooLargeError,
    ScheduleNotFoundError,
    ServerUnavailableError,
    StoreUnavailableError,
    TooManyJobsError,
    UnreadableRecordError,
)
from aijobs_sdk.contract.job import JobQuery, JobRequest
from aijobs_sdk.contract.records import DeadLetterQuery
from backends.http.conftest import KEY
from backends.http.live_server import CLOSING_SECONDS
from backends.http.wire_words import JOB, OTHER, problem, record

pytestmark = pytest.mark.anyio

PROMPT = "prompt-canary-31"
ONE = JobRequest(type="test_job", payload={"echo": PROMPT})
ACCEPTED = httpx.Response(201, json=record())
EMPTY_PAGE = httpx.Response(200, json={"jobs": [], "next_cursor": None})


class Endless(httpx.AsyncByteStream):
    """A body that a client has to stop reading by itself."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" " * 4096


class OpeningLine(httpx.AsyncBaseTransport):
    """Connections that take long to come about, and a moment to be given up."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.told.append("opening")
        try:
            await asyncio.sleep(20)
        finally:
            await asyncio.sleep(CLOSING_SECONDS)
            self.told.append("given up")
        raise httpx.ConnectTimeout("too late", request=request)

    async def aclose(self) -> None:
        self.told.append("closed")


class SteadyLine(httpx.AsyncBaseTransport):
    """Answers after some seconds, and notes how each request ended."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self.told: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.told.append("cut off")
            raise
        self.told.append("answered")
        return httpx.Response(200, json={"now": "2026-01-01T00:00:00Z"})


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthenticated", AuthenticationError),
        (403, "permission_denied", PermissionDeniedError),
        (404, "job_not_found", JobNotFoundError),
        (409, "idempotency_conflict", IdempotencyConflictError),
        (413, "request_too_large", RequestTooLargeError),
        (422, "invalid_payload", InvalidRequestError),
        (429, "too_many_jobs", TooManyJobsError),
        (429, "rate_limited", RateLimitedError),
    ],
)
async def test_a_refused_submit_is_an_outcome_and_not_sent_again(
    server: respx.Router, backend: HttpBackend, status: int, code: str, kind: type[AIJobsError]
) -> None:
    asked = server.post("/api/jobs").mock(return_value=problem(status, code))
    with pytest.raises(kind) as refused:
        await backend.submit([ONE])
    assert (refused.value.code, refused.value.message) == (code, f"It is {code}.")
    assert asked.call_count == 1


@pytest.mark.parametrize(
    "weather",
    [
        *(httpx.Response(status) for status in (429, 500, 502, 503, 504)),
        httpx.Response(200, text='{"id": "cut'),
        httpx.Response(200, json={"unlike": "a job"}),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("silent"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=repr,
)
async def test_a_submit_is_sent_again_with_the_same_key(
    server: respx.Router, backend: HttpBackend, weather: httpx.Response | Exception
) -> None:
    asked = server.post("/api/jobs").mock(side_effect=[weather, weather, ACCEPTED])
    [job] = await backend.submit([ONE])
    assert job.id == JOB
    keys = [call.request.headers["idempotency-key"] for call in asked.calls]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_a_record_that_cannot_be_read_is_told_and_not_asked_for_again(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.get(f"/api/jobs/{JOB}").mock(return_value=problem(500, "unreadable_record", job_id=str(JOB)))
    with pytest.raises(UnreadableRecordError) as refused:
        await backend.get(JOB)
    assert (refused.value.job_id, asked.call_count) == (JOB, 1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda backend, text: backend.list_jobs(JobQuery(type=text)),
        lambda backend, text: backend.dead_letters(DeadLetterQuery(provider=text)),
    ],
)
async def test_a_name_that_no_address_can_hold_is_refused_in_our_words(
    backend: HttpBackend, ask: Callable[[HttpBackend, str], Awaitable[object]]
) -> None:
    with pytest.raises(RequestTooLargeError, match="longer than an address may be"):
        await ask(backend, "x" * 100_000)


async def test_two_submits_have_different_keys(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.post("/api/jobs").mock(return_value=ACCEPTED)
    await backend.submit([ONE])
    await backend.submit([ONE])
    assert len({call.request.headers["idempotency-key"] for call in asked.calls}) == 2


async def test_many_jobs_are_submitted_by_one_request_and_come_back_in_order(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.post("/api/jobs").respond(201, json={"jobs": [record(OTHER), record(JOB)]})
    jobs = await backend.submit([ONE, ONE])
    assert [job.id for job in jobs] == [OTHER, JOB]
    assert [one["payload"] for one in json.loads(asked.calls.last.request.content)["jobs"]] == [ONE.payload] * 2


async def test_an_answer_without_end_is_not_taken_in() -> None:
    """Whatever answers in a server's place, it cannot fill the memory, and is not asked for the same again."""
    server = respx.Router(base_url="http://jobs.test")
    asked = server.get(f"/api/jobs/{JOB}").mock(side_effect=lambda _: httpx.Response(502, stream=Endless()))
    transport = httpx.MockTransport(server.async_handler)
    limits = HttpLimits(max_answer_bytes=10_000)
    backend = HttpBackend("http://jobs.test", limits=limits, open_transport=lambda: transport)
    with pytest.raises(ServerUnavailableError, match="answered with more than 10,000 bytes"):
        await backend.get(JOB)
    assert asked.call_count == 1


async def test_nothing_to_submit_asks_nobody(backend: HttpBackend) -> None:
    assert await backend.submit([]) == []


async def test_what_is_no_json_is_refused_by_the_name_of_its_field(backend: HttpBackend) -> None:
    bad = JobRequest(type="test_job", payload={"echo": object()})
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit([ONE, bad])
    assert [found.field for found in refused.value.fields] == ["requests[1].payload.echo"]


async def test_a_number_that_json_has_no_word_for_is_found_among_many_requests(backend: HttpBackend) -> None:
    bad = JobRequest(type="test_job", payload={"echo": "Infinity", "steps": math.nan})
    with pytest.raises(InvalidRequestError, match=r"`requests\[1\]\.payload\.steps` must be a finite") as refused:
        await backend.submit([ONE, bad])
    assert [found.field for found in refused.value.fields] == ["requests[1].payload.steps"]


async def test_a_text_that_reads_like_such_a_number_is_sent(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.post("/api/jobs").respond(201, json=record(JOB))
    await backend.submit([JobRequest(type="test_job", payload={"echo": "NaN"})])
    assert json.loads(asked.calls.last.request.content)["payload"] == {"echo": "NaN"}


async def test_the_clients_user_is_named_where_a_request_names_nobody(server: respx.Router) -> None:
    backend = HttpBackend(
        "http://jobs.test", user_id=OTHER, open_transport=lambda: httpx.MockTransport(server.async_handler)
    )
    asked = server.post("/api/jobs").respond(201, json={"jobs": [record(), record()]})
    await backend.submit([ONE, ONE.replace(user_id=JOB)])
    assert [one["user_id"] for one in json.loads(asked.calls.last.request.content)["jobs"]] == [str(OTHER), str(JOB)]


@pytest.mark.parametrize("headers", [{"retry-after": "20"}, {"retry-after-ms": "20000"}], ids=["seconds", "ms"])
async def test_a_pause_that_is_asked_for_is_made(
    server: respx.Router, backend: HttpBackend, headers: dict[str, str]
) -> None:
    server.get("/api/jobs").mock(side_effect=[httpx.Response(503, headers=headers), EMPTY_PAGE])
    began = now()
    await backend.list_jobs(JobQuery())
    assert 20 <= now() - began < 21


async def test_a_pause_until_a_date_is_made(server: respx.Router, backend: HttpBackend) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.get("/api/jobs").mock(side_effect=[httpx.Response(503, headers={"retry-after": then}), EMPTY_PAGE])
    began = now()
    await backend.list_jobs(JobQuery())
    assert 15 < now() - began < 21


async def test_a_pause_of_hours_is_not_made(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get("/api/jobs").respond(503, headers={"retry-after": "7200"})
    began = now()
    with pytest.raises(ServerUnavailableError, match="asks for a pause of 3600 s"):
        await backend.list_jobs(JobQuery())
    assert (asked.call_count, now()) == (1, began)


async def test_a_limit_on_reading_is_waited_for(server: respx.Router, backend: HttpBackend) -> None:
    limited = problem(429, "rate_limited", retry_after_seconds=3)
    server.get("/api/jobs").mock(side_effect=[limited, EMPTY_PAGE])
    began = now()
    await backend.list_jobs(JobQuery())
    assert 3 <= now() - began < 4


async def test_a_server_that_stays_away_is_named_with_what_happened_last(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.get("/api/jobs").mock(side_effect=httpx.ConnectError("refused"))
    began = now()
    with pytest.raises(ServerUnavailableError) as away:
        await backend.list_jobs(JobQuery())
    assert 50 < now() - began <= 60
    assert f"http://jobs.test could not be used: it was asked {asked.call_count} times" in away.value.message
    assert "no connection could be made" in away.value.message


async def test_pauses_grow_to_five_seconds(server: respx.Router, backend: HttpBackend) -> None:
    times: list[float] = []

    def fail(_: httpx.Request) -> httpx.Response:
        times.append(now())
        return httpx.Response(502)

    server.get("/api/jobs").mock(side_effect=fail)
    with pytest.raises(ServerUnavailableError):
        await backend.list_jobs(JobQuery())
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:6] == pytest.approx([0.125, 0.25, 0.5, 1.0, 2.0, 2.5])
    assert max(pauses) == pytest.approx(2.5)


async def test_a_store_that_stays_away_is_the_servers_own_error(server: respx.Router, backend: HttpBackend) -> None:
    server.get("/api/jobs").mock(return_value=problem(503, "store_unavailable"))
    with pytest.raises(StoreUnavailableError):
        await backend.list_jobs(JobQuery())


@pytest.mark.parametrize("status", [400, 404, 405, 418, 501])
async def test_an_address_of_something_else_is_said_at_once(
    server: respx.Router, backend: HttpBackend, status: int
) -> None:
    asked = server.get("/api/jobs").respond(status, text="<html>nginx</html>")
    with pytest.raises(ServerUnavailableError, match=f"answered {status}, and not in the words of this API"):
        await backend.list_jobs(JobQuery())
    assert asked.call_count == 1


@pytest.mark.parametrize("ask", [lambda it: it.list_jobs(JobQuery()), lambda it: it.submit([ONE])])
async def test_a_page_in_the_place_of_an_answer_is_said_at_once(
    server: respx.Router, backend: HttpBackend, ask: Callable[[HttpBackend], Awaitable[object]]
) -> None:
    asked = server.route().respond(200, html="<html>Welcome to the hotel's wifi</html>")
    with pytest.raises(ServerUnavailableError, match=r"jobs\.test answered with a page for a browser"):
        await ask(backend)
    assert asked.call_count == 1


async def test_a_page_of_a_gateway_is_asked_past(server: respx.Router, backend: HttpBackend) -> None:
    page = httpx.Response(502, html="<html>Bad Gateway</html>")
    server.get("/api/jobs").mock(side_effect=[page, page, EMPTY_PAGE])
    assert (await backend.list_jobs(JobQuery())).jobs == ()


async def test_a_redirect_is_named_and_not_followed(server: respx.Router, backend: HttpBackend) -> None:
    server.get("/api/jobs").respond(308, headers={"location": "https://me:secret@elsewhere.test:8/api?secret=1"})
    with pytest.raises(
        ServerUnavailableError, match=r"leads to https://elsewhere\.test:8, where .* give its"
    ) as refused:
        await backend.list_jobs(JobQuery())
    assert "secret" not in str(refused.value)


async def test_nobody_is_told_to_send_a_key_where_it_can_be_read() -> None:
    answers = httpx.MockTransport(lambda _: httpx.Response(301, headers={"location": "http://jobs.test/api/jobs"}))
    backend = HttpBackend("https://jobs.test", api_key=SecretStr(KEY), open_transport=lambda: answers)
    with pytest.raises(ServerUnavailableError, match=r"leads to http://jobs\.test, where the key could be read"):
        await backend.list_jobs(JobQuery())


@pytest.mark.parametrize("location", ["/login", "", "http://[nowhere", "http://jobs.test/login"])
async def test_a_redirect_to_no_host_is_told_without_one(
    server: respx.Router, backend: HttpBackend, location: str
) -> None:
    server.get("/api/jobs").respond(302, headers={"location": location})
    with pytest.raises(ServerUnavailableError, match="leads to another path"):
        await backend.list_jobs(JobQuery())


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ProxyError("407")])
async def test_the_proxy_on_the_way_is_named_without_its_password(
    server: respx.Router, backend: HttpBackend, monkeypatch: pytest.MonkeyPatch, error: httpx.TransportError
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@proxy.test:3128")
    server.get("/api/jobs").mock(side_effect=error)
    with pytest.raises(ServerUnavailableError, match=r"over the proxy http://proxy\.test:3128, named by") as refused:
        await backend.list_jobs(JobQuery())
    assert "hunter2" not in str(refused.value)


async def test_a_proxy_that_is_not_on_the_way_is_not_named(
    server: respx.Router, backend: HttpBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "jobs.test")
    server.get("/api/jobs").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(ServerUnavailableError, match=r"no connection could be made\. Check"):
        await backend.list_jobs(JobQuery())


async def test_a_cancel_ends_a_call_between_two_attempts(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get("/api/jobs").respond(503, headers={"retry-after": "30"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await backend.list_jobs(JobQuery())
    await asyncio.sleep(60)
    assert asked.call_count == 1


async def test_a_server_that_is_away_is_an_unhealthy_one(server: respx.Router, backend: HttpBackend) -> None:
    server.get("/api/health").mock(side_effect=httpx.ConnectError("refused"))
    began = now()
    health = await backend.health()
    assert not health.healthy
    assert "no connection could be made" in (health.store.problem or "")
    assert now() - began <= 3


async def test_a_server_that_is_silent_is_an_unhealthy_one(server: respx.Router, backend: HttpBackend) -> None:
    async def say_nothing(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        return httpx.Response(200)

    server.get("/api/health").mock(side_effect=say_nothing)
    assert (await backend.health()).store.problem == "http://jobs.test did not answer in time"
    assert now() == pytest.approx(3)


async def test_usage_that_breaks_off_is_asked_for_anew(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get("/api/usage").mock(side_effect=[httpx.ReadError("cut"), httpx.Response(200, text="")])
    assert await backend.usage(since=datetime.now(UTC), until=datetime.now(UTC)) == []
    assert asked.call_count == 2


async def test_nothing_that_is_written_shows_the_key_or_the_prompt(
    server: respx.Router, backend: HttpBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aijobs")
    server.post("/api/jobs").mock(side_effect=httpx.ReadError(f"at {KEY}"))
    with pytest.raises(ServerUnavailableError) as away:
        await backend.submit([ONE])
    written = f"{caplog.text}{away.value!r}{backend!r}{vars(backend)}"
    assert "POST /api/jobs: the connection broke" in caplog.text
    assert KEY not in written
    assert PROMPT not in written


async def slowly(_: httpx.Request) -> httpx.Response:
    await asyncio.sleep(20)
    return EMPTY_PAGE


async def later(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "20"})


@pytest.mark.parametrize("answer", [slowly, later])
async def test_whoever_waits_for_an_answer_while_the_client_is_closed_is_told_at_once(
    server: respx.Router, backend: HttpBackend, answer: Callable[[httpx.Request], Awaitable[httpx.Response]]
) -> None:
    server.get("/api/jobs").mock(side_effect=answer)
    asking = asyncio.create_task(backend.list_jobs(JobQuery()))
    await asyncio.sleep(1)
    await backend.aclose()
    with pytest.raises(AIJobsError, match="closed while something was under way"):
        await asking
    assert now() < 2


async def test_a_connection_that_is_still_being_opened_is_given_up_before_all_are_closed() -> None:
    line = OpeningLine()
    backend = HttpBackend("http://jobs.test", open_transport=lambda: line)
    asking = asyncio.create_task(backend.now())
    await asyncio.sleep(1)
    await backend.aclose()
    await asyncio.wait([asking])
    assert line.told == ["opening", "given up", "closed"]


@pytest.mark.parametrize(("seconds", "ends"), [(LAST_SECONDS / 2, "answered"), (60, "cut off")])
async def test_a_request_that_nobody_waits_for_any_more_ends_by_itself_unless_it_is_silent(
    seconds: float, ends: str
) -> None:
    line = SteadyLine(seconds=seconds)
    backend = HttpBackend("http://jobs.test", open_transport=lambda: line)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds / 2):
            await backend.now()
    assert (now(), line.told) == (seconds / 2, [])
    await asyncio.sleep(LAST_SECONDS)
    assert line.told == [ends]


async def test_a_request_that_was_left_is_cut_off_before_connections_are_closed() -> None:
    line = SteadyLine(seconds=60)
    backend = HttpBackend("http://jobs.test", open_transport=lambda: line)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await backend.now()
    await backend.aclose()
    assert (now(), line.told) == (1, ["cut off"])


async def test_a_client_that_was_closed_opens_again(server: respx.Router, backend: HttpBackend) -> None:
    server.get("/api/jobs").mock(return_value=EMPTY_PAGE)
    await backend.list_jobs(JobQuery())
    await backend.aclose()
    assert (await backend.list_jobs(JobQuery())).jobs == ()


def test_each_loop_has_connections_of_its_own(server: respx.Router) -> None:
    opened: list[httpx.AsyncBaseTransport] = []

    def open_one() -> httpx.AsyncBaseTransport:
        opened.append(httpx.MockTransport(server.async_handler))
        return opened[-1]

    backend = HttpBackend("http://jobs.test", api_key=SecretStr(KEY), open_transport=open_one)
    server.get("/api/jobs").mock(return_value=EMPTY_PAGE)
    asyncio.run(backend.list_jobs(JobQuery()))
    asyncio.run(backend.list_jobs(JobQuery()))
    assert len(opened) == 2


GONE = problem(404, "schedule_not_found", name="nightly")


@pytest.mark.parametrize("lost", [httpx.ReadError("reset"), httpx.ReadTimeout("silent"), httpx.Response(504)], ids=repr)
async def test_what_is_gone_when_a_delete_is_sent_again_was_deleted(
    server: respx.Router, backend: HttpBackend, lost: httpx.Response | Exception
) -> None:
    schedule = server.delete("/api/schedules/nightly").mock(side_effect=[lost, GONE])
    batch = server.delete(f"/api/batches/{JOB}").mock(side_effect=[lost, problem(404, "batch_not_found", name="b")])
    await backend.unschedule("nightly")
    await backend.delete_batch(JOB)
    assert (schedule.call_count, batch.call_count) == (2, 2)


@pytest.mark.parametrize("before", [[], [httpx.ConnectError("refused")], [httpx.Response(429)]], ids=repr)
async def test_what_was_never_there_is_not_found(
    server: respx.Router, backend: HttpBackend, before: list[httpx.Response | Exception]
) -> None:
    server.delete("/api/schedules/nightly").mock(side_effect=[*before, GONE])
    with pytest.raises(ScheduleNotFoundError):
        await backend.unschedule("nightly")
