"""Many jobs' events over one stream."""

from __future__ import annotations

import httpx
import pytest
from httpx_sse import ServerSentEvent

from server.server_worlds import NOBODYS
from server.streams import followed, kinds, submit

TEXT = {"text": ["one ", "two "]}
ALL = ["accepted", "started", "delta", "delta", "completed"]


def of(job_id: object, events: list[ServerSentEvent]) -> list[str]:
    return [event.event for event in events if event.event != "job" and event.json()["job_id"] == str(job_id)]


def test_each_jobs_events_come_in_order(socket_client: httpx.Client) -> None:
    ids = [submit(socket_client, **TEXT) for _ in range(20)]
    with followed(socket_client, "POST", "/api/events", json={"jobs": {str(one): 0 for one in ids}}) as stream:
        events = list(stream)
    assert [of(one, events) for one in ids] == [ALL] * 20
    assert kinds(events).count("job") == 20


def test_each_job_goes_on_from_its_own_place(socket_client: httpx.Client) -> None:
    first, second = submit(socket_client, **TEXT), submit(socket_client, **TEXT)
    body = {"jobs": {str(first): 2, str(second): 4}}
    with followed(socket_client, "POST", "/api/events", json=body) as stream:
        events = list(stream)
    assert (of(first, events), of(second, events)) == (ALL[2:], ALL[4:])


def test_a_job_that_there_is_not_is_told(socket_client: httpx.Client) -> None:
    job_id = submit(socket_client)
    with followed(socket_client, "GET", "/api/events", params={"ids": f"{NOBODYS},{job_id}"}) as stream:
        events = list(stream)
    assert [event.json() for event in events if event.event == "missing"] == [{"job_id": str(NOBODYS)}]
    assert of(job_id, events) == ["accepted", "started", "completed"]


def test_a_stream_that_was_cut_anywhere_goes_on_exactly_there(socket_client: httpx.Client) -> None:
    first, second = submit(socket_client, **TEXT), submit(socket_client, **TEXT)
    address = {"ids": f"{first}:1,{second}"}
    with followed(socket_client, "GET", "/api/events", params=address) as stream:
        events = [event for event in stream if event.event != "job"]
    rest = [resumed(socket_client, address, event.id) for event in events]
    missed = [[one.data for one in events[place + 1 :]] for place in range(len(events))]
    assert [sorted(one) for one in rest] == [sorted(one) for one in missed]


def resumed(client: httpx.Client, address: dict[str, str], last: str) -> list[str]:
    with followed(client, "GET", "/api/events", params=address, headers={"Last-Event-ID": last}) as stream:
        return [event.data for event in stream if event.event != "job"]


def test_only_a_stream_with_the_same_address_can_be_resumed(socket_client: httpx.Client) -> None:
    first, second = submit(socket_client), submit(socket_client)
    with followed(socket_client, "GET", "/api/events", params={"ids": str(first)}) as stream:
        last = next(stream).id
    refused = socket_client.get("/api/events", params={"ids": str(second)}, headers={"Last-Event-ID": last})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Last-Event-ID")


@pytest.mark.parametrize("last", ["x", "AAAA", "%%%", "_" * 200, "é"])
def test_a_place_that_no_stream_gave_is_refused(socket_client: httpx.Client, last: str) -> None:
    headers = {b"Last-Event-ID": last.encode()}
    refused = socket_client.get("/api/events", params={"ids": str(NOBODYS)}, headers=headers)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Last-Event-ID")


@pytest.mark.parametrize("ids", ["", "x", f"{NOBODYS}:", f"{NOBODYS}:x", f"{NOBODYS},", f"{NOBODYS}:-1"])
def test_ids_that_are_none_are_refused(socket_client: httpx.Client, ids: str) -> None:
    refused = socket_client.get("/api/events", params={"ids": ids})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "ids")


@pytest.mark.parametrize("jobs", [{}, [], {"x": 0}, {str(NOBODYS): -1}, {str(NOBODYS): 1e20}])
def test_a_body_that_names_no_jobs_is_refused(socket_client: httpx.Client, jobs: object) -> None:
    refused = socket_client.post("/api/events", json={"jobs": jobs})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


def test_too_many_ids_are_refused(socket_client: httpx.Client) -> None:
    refused = socket_client.get("/api/events", params={"ids": ",".join([str(NOBODYS)] * 101)})
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")
