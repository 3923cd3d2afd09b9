"""The frames of an event stream, as bytes: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json

from aijobs_sdk.contract.events import JobEvent, dump_event_text
from aijobs_sdk.contract.job import Job

MEDIA_TYPE = "text/event-stream"
# No empty line after these: to some readers, httpx-sse is one, it would end an event that has nothing in it.
RETRY = b"retry: 1000\n"
"""How many milliseconds a reader waits before it comes again."""
KEEP_ALIVE = b": keep-alive\n"
"""A comment, which says nothing but that somebody is there."""


def event_frame(event: JobEvent, place: str) -> bytes:
    """Return an event as a frame; `place` is where the stream stands after it, empty where it does not say."""
    kind = event.kind if event.kind.isidentifier() else "unknown"  # of another version, it could be anything
    data = _on_one_line(dump_event_text(event))
    if place:
        return f"id: {place}\nevent: {kind}\ndata: {data}\n\n".encode()
    return f"event: {kind}\ndata: {data}\n\n".encode()


def job_frame(job: Job) -> bytes:
    """Return a job's record as a frame, which leaves the reader's place as it is."""
    return f"event: job\ndata: {_on_one_line(job.model_dump_json())}\n\n".encode()


def missing_frame(job_id: UUID) -> bytes:
    """Return a frame that says that there is no such job."""
    return f'event: missing\ndata: {{"job_id": "{job_id}"}}\n\n'.encode()


def unreadable_frame(job_id: UUID, problem: Mapping[str, JsonValue]) -> bytes:
    """Return a frame that says why a job that there is cannot be had."""
    said = _on_one_line(to_json({"job_id": job_id, "problem": problem}).decode())
    return f"event: missing\ndata: {said}\n\n".encode()


def _on_one_line(json: str) -> str:
    """Return JSON in which no reader finds the end of a line, whatever it takes for one; LF and CR are escaped in any.

    The standard knows LF and CR only, but `str.splitlines()`, which readers in Python use, knows these as well.
    """
    if json.isascii():
        return json
    return json.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
