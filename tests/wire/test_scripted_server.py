"""The scripted server keeps to the page of the API, and breaks off as told: the other tests here stand on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import httpx_sse
import pytest

from wire.scripted_server import KEY, ScriptedServer
from wire.story import of_eight_events, takes
from wire.weather import away, cut_after, garbled, lost, silence, status, trickling


@pytest.fixture
def http(server: ScriptedServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {KEY}"}, timeout=2) as client:
        yield client


def events_of(stream: httpx_sse.EventSource) -> Iterator[httpx_sse.ServerSentEvent]:
    return (event for event in stream.iter_sse() if event.data)  # without that which says when to come back


def seen_of(http: httpx.Client, path: str, **headers: str) -> list[tuple[str, str]]:
    """Return id and kind of each event; an event without an id reads as that before it."""
    with httpx_sse.connect_sse(http, "GET", path, headers=headers) as stream:
        return [(event.id, event.event) for event in events_of(stream)]


def test_a_post_sent_again_under_its_key_stores_one_job(server: ScriptedServer, http: httpx.Client) -> None:
    server.forecast(lost)
    asked = {"type": "test_job", "payload": {}}
    with pytest.raises(httpx.TransportError):
        http.post("/api/jobs", json=asked, headers={"idempotency-key": "k"})
    again = http.post("/api/jobs", json=asked, headers={"idempotency-key": "k"})
    assert (again.status_code, [str(one) for one in server.api.jobs]) == (201, [again.json()["id"]])


def test_a_stream_shows_the_record_before_its_last_event(server: ScriptedServer, http: httpx.Client) -> None:
    job = server.api.add(takes(0.1))
    seen = seen_of(http, f"/api/jobs/{job.id}/events", **{"last-event-id": "1"})
    assert seen == [("2", "started"), ("2", "job"), ("3", "completed")]


def test_a_trimmed_log_begins_with_the_record(server: ScriptedServer, http: httpx.Client) -> None:
    job = server.api.add(of_eight_events())
    job.trimmed = 6
    seen = seen_of(http, f"/api/jobs/{job.id}/events")
    assert seen == [("", "job"), ("7", "progress"), ("7", "job"), ("8", "completed")]


def test_one_stream_carries_many_jobs(server: ScriptedServer, http: httpx.Client) -> None:
    one, two, nobody = server.api.add(takes(0.05)).id, server.api.add(takes(0)).id, uuid4()
    asked = {"jobs": {str(one): 2, str(two): 0, str(nobody): 0}}
    with httpx_sse.connect_sse(http, "POST", "/api/events", json=asked) as stream:
        seen = [(event.event, event.json().get("job_id")) for event in events_of(stream)]
    assert seen[0] == ("missing", str(nobody))
    assert [kind for kind, job_id in seen if job_id == str(two)] == ["accepted", "started", "completed"]
    assert seen[-1] == ("completed", str(one))


def test_a_stream_of_many_goes_on_where_its_last_id_says(server: ScriptedServer, http: httpx.Client) -> None:
    job = server.api.add(takes(0))
    [*_, (position, _)] = seen_of(http, f"/api/events?ids={job.id}:1")
    assert seen_of(http, f"/api/events?ids={job.id}", **{"last-event-id": position}) == []


def test_a_stream_is_cut_after_as_many_events_as_told(server: ScriptedServer, http: httpx.Client) -> None:
    job = server.api.add(of_eight_events())
    server.forecast(cut_after(2))
    with httpx_sse.connect_sse(http, "GET", f"/api/jobs/{job.id}/events") as stream:
        events = events_of(stream)
        assert [next(events).id, next(events).id] == ["1", "2"]
        with pytest.raises(httpx.TransportError):
            next(events)


def test_a_stream_that_trickles_says_the_same(server: ScriptedServer, http: httpx.Client) -> None:
    path = f"/api/jobs/{server.api.add(of_eight_events()).id}/events"
    whole = seen_of(http, path)
    server.forecast(trickling)
    assert seen_of(http, path) == whole


def test_a_garbled_event_is_no_json(server: ScriptedServer, http: httpx.Client) -> None:
    server.forecast(garbled(2))
    with httpx_sse.connect_sse(http, "GET", f"/api/jobs/{server.api.add(takes(0)).id}/events") as stream:
        _, broken, *_ = events_of(stream)
    with pytest.raises(json.JSONDecodeError):
        broken.json()


def test_a_server_that_was_away_comes_back_to_its_port(server: ScriptedServer, http: httpx.Client) -> None:
    path = f"/api/jobs/{server.api.add(takes(0)).id}"
    server.forecast(away(0.3))
    with pytest.raises(httpx.TransportError):
        http.get(path)
    with pytest.raises(httpx.ConnectError):
        http.get(path)
    time.sleep(0.5)
    assert http.get(path).json()["status"] == "completed"


def test_forecasts_are_met_in_their_order(server: ScriptedServer, http: httpx.Client) -> None:
    path = f"/api/jobs/{server.api.add(takes(0)).id}"
    server.forecast(status(502), silence, status(429, retry_after=1), on="GET /api/jobs")
    assert http.get(path).status_code == 502
    with pytest.raises(httpx.ReadTimeout):
        http.get(path, timeout=0.1)
    assert http.get(path).headers["retry-after"] == "1"
    assert [http.get(path).status_code, server.asked[f"GET {path}"]] == [200, 4]


def test_a_key_that_it_does_not_know_is_refused(server: ScriptedServer, http: httpx.Client) -> None:
    refused = http.get("/api/jobs", headers={"authorization": "Bearer aij_other"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
