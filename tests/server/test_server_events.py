"""One job's events, over a real socket."""

from __future__ import annotations

import json

import httpx
import pytest

from aijobs_sdk.contract.events import JobCompleted, TextDelta, parse_event
from aijobs_sdk.contract.job import Job
from server.server_worlds import NOBODYS
from server.streams import data, events_of, followed, kinds, submit

TEXT = {"text": ["one ", "two\u2028three\x85\r\n"]}


def test_a_stream_tells_all_and_closes(socket_client: httpx.Client) -> None:
    events = events_of(socket_client, submit(socket_client, **TEXT))
    assert kinds(events) == ["accepted", "started", "delta", "delta", "job", "completed"]
    assert [event.id for event in events if event.event != "job"] == ["1", "2", "3", "4", "5"]
    assert isinstance(parse_event(events[-1].json()), JobCompleted)


def test_the_record_stands_before_the_last_event(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client, echo=7)
    *_, record, _ = events_of(socket_client, job_id)
    assert Job.model_validate_json(record.data).result == {"echo": 7, "attempt": 1}
    assert Job.model_validate_json(record.data) == Job.model_validate(socket_client.get(f"/api/jobs/{job_id}").json())


def test_no_end_of_a_line_breaks_a_frame(socket_client: httpx.Client) -> None:
    path = f"/api/jobs/{submit(socket_client, **TEXT)}/events"
    lines = [line for line in socket_client.get(path).text.splitlines() if '"payload"' not in line]
    [delta] = [parse_event(json.loads(line[6:])) for line in lines if line.startswith("data:") and '"two' in line]
    assert isinstance(delta, TextDelta)
    assert delta.text == TEXT["text"][1]
    assert {line.partition(":")[0] for line in lines} == {"retry", "id", "event", "data", ""}


def test_the_stream_goes_on_after_the_last_id(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client, **TEXT)
    everything = data(events_of(socket_client, job_id))
    resumed = events_of(socket_client, job_id, headers={"Last-Event-ID": "2"}, params={"after": 1})
    assert data(resumed) == everything[2:]
    assert data(events_of(socket_client, job_id, params={"after": 2})) == everything[2:]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "99999999999", "²"])
def test_an_id_of_no_stream_is_refused(socket_client: httpx.Client, last: str) -> None:
    path, headers = f"/api/jobs/{submit(socket_client)}/events", {b"Last-Event-ID": last.encode()}
    refused = socket_client.get(path, headers=headers)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Last-Event-ID")


def test_a_stream_that_is_not_to_follow_closes_where_the_log_ends(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client, seconds=60)
    events = events_of(socket_client, job_id, params={"follow": False})
    assert kinds(events)[0] == "accepted"
    assert "job" not in kinds(events)


def test_events_come_while_the_job_runs(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client, seconds=60)
    with followed(socket_client, "GET", f"/api/jobs/{job_id}/events") as events:
        assert [next(events).event, next(events).event] == ["accepted", "started"]
        socket_client.delete(f"/api/jobs/{job_id}")
        assert kinds(list(events)) == ["cancel_requested", "job", "cancelled"]


def test_a_job_that_there_is_not_has_no_stream(socket_client: httpx.Client) -> None:
    refused = socket_client.get(f"/api/jobs/{NOBODYS}/events")
    assert (refused.status_code, refused.json()["code"]) == (404, "job_not_found")


def test_after_the_last_event_there_is_only_the_record(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client)
    last = events_of(socket_client, job_id)[-1].id
    assert kinds(events_of(socket_client, job_id, headers={"Last-Event-ID": last})) == ["job"]
