"""Event streams as a reader has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from httpx_sse import EventSource, ServerSentEvent

from server.server_worlds import a_test_job


def submit(client: httpx.Client, **payload: Any) -> UUID:
    return UUID(client.post("/api/jobs", json=a_test_job(**payload)).json()["id"])


@contextmanager
def followed(client: httpx.Client, method: str, path: str, **request: Any) -> Iterator[Iterator[ServerSentEvent]]:
    """Open a stream and yield its events, as they come."""
    with client.stream(method, path, **request) as response:
        response.raise_for_status()
        yield EventSource(response).iter_sse()


def events_of(client: httpx.Client, job_id: UUID, **request: Any) -> list[ServerSentEvent]:
    """Return all that the stream of a job sends until it closes."""
    with followed(client, "GET", f"/api/jobs/{job_id}/events", **request) as events:
        return list(events)


def kinds(events: list[ServerSentEvent]) -> list[str]:
    return [event.event for event in events]


def data(events: list[ServerSentEvent]) -> list[str]:
    return [event.data for event in events]
