"""The events of a batch's jobs over one stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx_sse import ServerSentEvent

from server.server_worlds import a_test_job
from server.streams import followed, kinds

HOLDER = {"token": "t1", "host": "here", "pid": 7, "since": "2026-01-01T00:00:00Z"}
ADDRESS = {"batch": "summaries"}
TEXT = {"text": ["one ", "two "]}
ALL = ["accepted", "started", "delta", "delta", "completed"]


@pytest.fixture
def batch(socket_client: httpx.Client) -> str:
    """The id of a batch that is under way."""
    begun = socket_client.post("/api/batches", json={"name": "summaries"})
    return str(begun.json()["id"])


def add(client: httpx.Client, batch: str, count: int = 1, **payload: Any) -> list[str]:
    """Add jobs to a batch."""
    jobs = [a_test_job(**payload) | {"batch_id": batch}] * count
    return [job["id"] for job in client.post("/api/jobs", json={"jobs": jobs}).json()["jobs"]]


def end(client: httpx.Client, batch: str) -> None:
    """Say that nothing more is added."""
    body = {"holder": HOLDER, "seconds": 0, "standing": {"state": "finished"}}
    client.put(f"/api/batches/{batch}/holder", json=body).raise_for_status()


def told(events: Iterator[ServerSentEvent]) -> list[ServerSentEvent]:
    return [event for event in events if event.event != "job"]


def read(client: httpx.Client, *, after: str = "") -> list[ServerSentEvent]:
    """Return what the stream says until it closes."""
    with followed(client, "GET", "/api/events", params=ADDRESS, headers={"Last-Event-ID": after}) as stream:
        return told(stream)


def of(job_id: str, events: list[ServerSentEvent]) -> list[str]:
    return kinds([event for event in events if event.json()["job_id"] == job_id])


def test_each_job_of_a_batch_is_told_from_its_beginning(socket_client: httpx.Client, batch: str) -> None:
    ids = add(socket_client, batch, 300, **TEXT)
    other = add(socket_client, str(UUID(int=9)))
    end(socket_client, batch)
    events = read(socket_client)
    assert [of(one, events) for one in ids] == [ALL] * 300
    assert of(other[0], events) == []


def test_jobs_that_are_added_meanwhile_are_told_as_well(socket_client: httpx.Client, batch: str) -> None:
    first = add(socket_client, batch)
    with followed(socket_client, "GET", "/api/events", params=ADDRESS) as stream:
        begun = told(islice(stream, 4))
        later = add(socket_client, batch, 30)
        end(socket_client, batch)
        rest = told(stream)
    assert of(first[0], begun) == ["accepted", "started", "completed"]
    assert [of(one, rest) for one in later] == [["accepted", "started", "completed"]] * 30


def test_a_stream_that_was_cut_anywhere_goes_on_exactly_there(socket_client: httpx.Client, batch: str) -> None:
    add(socket_client, batch, 25, **TEXT)
    end(socket_client, batch)
    events = read(socket_client)
    rest = [read(socket_client, after=event.id) for event in events]
    missed = [events[place + 1 :] for place in range(len(events))]
    assert [sorted(e.data for e in one) for one in rest] == [sorted(e.data for e in one) for one in missed]


def test_a_batch_without_jobs_that_is_over_has_nothing_to_tell(socket_client: httpx.Client, batch: str) -> None:
    end(socket_client, batch)
    assert read(socket_client) == []


def test_a_batch_that_there_is_not_is_said(socket_client: httpx.Client) -> None:
    refused = socket_client.get("/api/events", params=ADDRESS)
    assert (refused.status_code, refused.json()["code"]) == (404, "batch_not_found")


def test_a_stream_ends_with_a_batch_that_is_deleted(socket_client: httpx.Client, batch: str) -> None:
    with followed(socket_client, "GET", "/api/events", params=ADDRESS) as stream:
        socket_client.delete(f"/api/batches/{batch}").raise_for_status()
        assert list(stream) == []


@pytest.mark.parametrize("params", [{}, {"ids": str(UUID(int=1)), "batch": "summaries"}])
def test_a_stream_is_of_ids_or_of_a_batch(socket_client: httpx.Client, params: dict[str, str]) -> None:
    refused = socket_client.get("/api/events", params=params)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "ids")


@pytest.mark.parametrize("last", ["x", "AAAA", "%%%", "_" * 200, "é"])
def test_a_place_that_no_stream_gave_is_refused(socket_client: httpx.Client, batch: str, last: str) -> None:
    headers = {b"Last-Event-ID": last.encode()}
    refused = socket_client.get("/api/events", params=ADDRESS, headers=headers)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Last-Event-ID")


def test_a_place_in_another_batch_is_refused(socket_client: httpx.Client, batch: str) -> None:
    add(socket_client, batch)
    end(socket_client, batch)
    last = read(socket_client)[-1].id
    socket_client.post("/api/batches", json={"name": "others"})
    refused = socket_client.get("/api/events", params={"batch": "others"}, headers={"Last-Event-ID": last})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "Last-Event-ID")
