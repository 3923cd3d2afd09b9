"""A follower gets each event once and in order, whatever a stream does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import httpx
import pytest
import respx

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.contract.errors import AuthenticationError, JobNotFoundError, ServerUnavailableError
from aijobs_sdk.contract.events import UnknownEvent
from aijobs_sdk.contract.job import JobRequest
from backends.http.wire_words import CUT, JOB, Pieces, event, finished, frame, problem, record, stream

pytestmark = pytest.mark.anyio

EVENTS = f"/api/jobs/{JOB}/events"


async def seen(backend: HttpBackend, *, after: int = 0) -> list[int]:
    return [one.seq async for one in backend.events(JOB, after=after)]


async def test_a_stream_is_read_to_its_end_by_one_request(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get(EVENTS).mock(return_value=stream(event(1), event(2), finished(), event(3, "completed")))
    assert await seen(backend) == [1, 2, 3]
    assert asked.call_count == 1


async def test_a_stream_that_is_cut_goes_on_after_what_was_seen(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get(EVENTS).mock(
        side_effect=[stream(event(1), event(2), CUT), stream(event(3), CUT), stream(event(4, "completed"))]
    )
    assert await seen(backend) == [1, 2, 3, 4]
    assert [call.request.headers.get("last-event-id") for call in asked.calls] == [None, "2", "3"]


async def test_a_stream_that_cannot_be_unpacked_goes_on_over_another(
    server: respx.Router, backend: HttpBackend
) -> None:
    packed = stream()
    packed.headers["content-encoding"] = "gzip"
    packed.stream = Pieces([b"no gzip"])
    server.get(EVENTS).mock(side_effect=[packed, stream(event(1), event(2, "completed"))])
    server.get(f"/api/jobs/{JOB}").respond(json=record())
    assert await seen(backend) == [1, 2]


async def test_what_comes_twice_is_handed_on_once(server: respx.Router, backend: HttpBackend) -> None:
    server.get(EVENTS).mock(
        side_effect=[stream(event(1), event(1), event(2), CUT), stream(event(1), event(2), event(3, "completed"))]
    )
    assert await seen(backend) == [1, 2, 3]


async def test_what_is_missing_is_asked_for_again(server: respx.Router, backend: HttpBackend) -> None:
    asked = server.get(EVENTS).mock(
        side_effect=[stream(event(1), event(3)), stream(event(2), event(3), event(4, "completed"))]
    )
    assert await seen(backend) == [1, 2, 3, 4]
    assert asked.call_count == 2


async def test_what_stays_missing_is_done_without(server: respx.Router, backend: HttpBackend) -> None:
    server.get(EVENTS).mock(side_effect=lambda _: stream(event(1), event(3), event(4, "completed")))
    assert await seen(backend) == [1, 3, 4]


async def test_a_part_of_the_log_that_is_gone_is_announced_by_the_job(
    server: respx.Router, backend: HttpBackend
) -> None:
    asked = server.get(EVENTS).mock(return_value=stream(frame("job", record()), event(7), event(8, "completed")))
    assert await seen(backend) == [7, 8]
    assert asked.call_count == 1


@pytest.mark.parametrize(
    "garbage", [b'id: 2\nevent: progress\ndata: {"kind": "pro\n\n', b"data: 5\n\n", b"data: []\n\n"], ids=repr
)
async def test_a_frame_that_cannot_be_read_is_asked_for_again(
    server: respx.Router, backend: HttpBackend, garbage: bytes
) -> None:
    server.get(EVENTS).mock(side_effect=[stream(event(1), garbage, event(3)), stream(event(2), event(3, "completed"))])
    assert await seen(backend) == [1, 2, 3]


async def test_frames_and_kinds_of_a_newer_server_disturb_nobody(server: respx.Router, backend: HttpBackend) -> None:
    server.get(EVENTS).mock(
        return_value=stream(
            frame("lottery", {"numbers": [4]}), event(1, "hibernating", mood="calm"), event(2, "completed", new=1)
        )
    )
    first, last = [one async for one in backend.events(JOB)]
    assert isinstance(first, UnknownEvent)
    assert (first.data["mood"], last.kind) == ("calm", "completed")


async def test_a_stream_that_ends_early_is_opened_again_while_the_job_goes_on(
    server: respx.Router, backend: HttpBackend
) -> None:
    looked = server.get(f"/api/jobs/{JOB}").respond(json=record())
    server.get(EVENTS).mock(side_effect=[stream(), stream(), stream(event(1, "completed"))])
    assert await seen(backend) == [1]
    assert looked.call_count == 2


async def test_nothing_comes_after_the_end_of_a_job(server: respx.Router, backend: HttpBackend) -> None:
    server.get(f"/api/jobs/{JOB}").respond(json=record(status="completed"))
    server.get(EVENTS).mock(side_effect=lambda _: stream())
    assert await seen(backend, after=2) == []


async def test_the_end_that_a_stream_kept_for_itself_is_read_from_the_log(
    server: respx.Router, backend: HttpBackend
) -> None:
    server.get(f"/api/jobs/{JOB}").respond(json=record(status="completed"))
    log = server.get(EVENTS, params={"follow": "false"}).mock(return_value=stream(event(1), event(2, "completed")))
    server.get(EVENTS, params={"follow": "true"}).mock(side_effect=lambda _: stream())
    assert await seen(backend) == [1, 2]
    assert log.call_count == 1


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_streams_is_looked_at_eight_times_at_most(
    server: respx.Router, backend: HttpBackend, status: int
) -> None:
    server.get(EVENTS, params={"follow": "true"}).respond(status)
    server.get(EVENTS, params={"follow": "false"}).mock(
        side_effect=[stream(event(1)), stream(event(2)), stream(event(3, "completed"))]
    )
    states = [record(), record(status="processing"), record(status="completed")]
    server.get(f"/api/jobs/{JOB}").mock(side_effect=[httpx.Response(200, json=one) for one in states])
    assert await seen(backend) == [1, 2, 3]
    assert len(server.calls) <= 8


async def test_a_server_that_has_no_log_at_all_still_ends_a_wait(server: respx.Router, backend: HttpBackend) -> None:
    server.get(EVENTS).respond(404)
    server.get(f"/api/jobs/{JOB}").respond(json=record(status="completed"))
    assert await seen(backend) == []


async def test_a_stream_of_which_nothing_comes_is_not_waited_for_again(
    server: respx.Router, backend: HttpBackend
) -> None:
    buffered = server.get(EVENTS, params={"follow": "true"}).mock(side_effect=httpx.ReadTimeout("silent"))
    server.get(EVENTS, params={"follow": "false"}).mock(return_value=stream(event(1, "completed")))
    states = [record(), record(), record(status="completed")]
    server.get(f"/api/jobs/{JOB}").mock(side_effect=[httpx.Response(200, json=one) for one in states])
    assert await seen(backend) == [1]
    assert buffered.call_count == 1


@pytest.mark.parametrize(
    "weather",
    [
        httpx.Response(502),
        httpx.Response(429, headers={"retry-after": "5"}),
        httpx.Response(200, text="<html>"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=repr,
)
async def test_bad_weather_ends_no_following(
    server: respx.Router, backend: HttpBackend, weather: httpx.Response | Exception
) -> None:
    server.get(f"/api/jobs/{JOB}").respond(json=record())
    server.get(EVENTS, params={"follow": "false"}).mock(side_effect=lambda _: stream())
    server.get(EVENTS).mock(side_effect=[weather, weather, stream(event(1, "completed"))])
    assert await seen(backend) == [1]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "unauthenticated", AuthenticationError), (404, "job_not_found", JobNotFoundError)],
)
async def test_a_refusal_ends_it(
    server: respx.Router, backend: HttpBackend, status: int, code: str, kind: type[Exception]
) -> None:
    asked = server.get(EVENTS).mock(return_value=problem(status, code))
    with pytest.raises(kind):
        await seen(backend)
    assert asked.call_count == 1


def shows_no_trusted_certificate(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused") from ssl.SSLCertVerificationError()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (lambda _: httpx.Response(404, text="<html>"), "answered 404, and not in the words of this API"),
        (lambda _: httpx.Response(301, headers={"location": "https://jobs.test/"}), "leads to https://jobs.test"),
        (shows_no_trusted_certificate, "a certificate that is not trusted"),
    ],
    ids=["nothing", "elsewhere", "strangers"],
)
async def test_who_follows_a_job_at_an_address_of_something_else_is_told(
    found: Callable[[httpx.Request], httpx.Response], told: str
) -> None:
    backend = HttpBackend("http://jobs.test", open_transport=lambda: httpx.MockTransport(found))
    with pytest.raises(ServerUnavailableError, match=told):
        async with asyncio.timeout(60):
            await seen(backend)


async def test_a_server_that_has_taken_a_job_is_waited_for_though_something_else_answers_in_its_place(
    server: respx.Router, backend: HttpBackend
) -> None:
    server.post("/api/jobs").respond(201, json=record())
    [job] = await backend.submit([JobRequest(type="test_job", payload={})])
    states = [httpx.Response(404), httpx.Response(200, json=record(status="completed"))]
    server.get(f"/api/jobs/{JOB}").mock(side_effect=states)
    server.get(EVENTS).respond(404)
    assert (await backend.ended(job.id)).is_final


async def test_a_server_in_whose_place_something_else_answers_for_a_while_is_waited_for(
    server: respx.Router, backend: HttpBackend
) -> None:
    server.get(EVENTS, params={"follow": "true"}).mock(side_effect=[stream(event(1), CUT), httpx.Response(404)])
    server.get(EVENTS, params={"follow": "false"}).mock(return_value=stream(event(2, "completed")))
    states = [httpx.Response(404), httpx.Response(404), httpx.Response(200, json=record(status="completed"))]
    server.get(f"/api/jobs/{JOB}").mock(side_effect=states)
    assert await seen(backend) == [1, 2]


async def test_a_line_that_looks_like_two_is_one(server: respx.Router, backend: HttpBackend) -> None:
    text = "one\u2028two\u0085three"
    odd = event(1, message=text).replace(b"\\u2028", "\u2028".encode()).replace(b"\\u0085", "\u0085".encode())
    server.get(EVENTS).mock(return_value=stream(odd, event(2, "completed")))
    assert [getattr(one, "message", None) async for one in backend.events(JOB)] == [text, ""]


async def test_a_log_is_read_without_following(server: respx.Router, backend: HttpBackend) -> None:
    server.get(EVENTS, params={"follow": "false", "after": "1"}).mock(return_value=stream(event(2), event(3)))
    assert [one.seq async for one in backend.events(JOB, after=1, follow=False)] == [2, 3]


NO_STREAMS = httpx.Response(200, text="<html>Not allowed here</html>", headers={"content-type": "text/html"})


async def test_a_job_is_waited_for_where_no_stream_gets_through(server: respx.Router, backend: HttpBackend) -> None:
    """Something on the way that answers for every event stream keeps nobody waiting for a job that is over."""
    server.get(EVENTS).mock(return_value=NO_STREAMS)
    looks = server.get(f"/api/jobs/{JOB}")
    looks.mock(side_effect=[httpx.Response(200, json=record(status=s)) for s in ("pending", "pending", "completed")])
    assert (await backend.ended(JOB)).is_final


async def test_who_wants_the_events_of_a_job_that_is_over_is_told_that_none_get_through(
    server: respx.Router, backend: HttpBackend
) -> None:
    server.get(EVENTS).mock(return_value=NO_STREAMS)
    server.get(f"/api/jobs/{JOB}").respond(json=record(status="completed"))
    with pytest.raises(ServerUnavailableError, match=rf"Job {JOB} is over, but its events do not get through"):
        await seen(backend)


async def test_a_stream_is_known_by_its_kind_in_any_case(server: respx.Router, backend: HttpBackend) -> None:
    shouted = stream(event(1), event(2, "completed"))
    shouted.headers["content-type"] = "Text/Event-Stream; Charset=UTF-8"
    server.get(EVENTS).mock(return_value=shouted)
    assert await seen(backend) == [1, 2]
