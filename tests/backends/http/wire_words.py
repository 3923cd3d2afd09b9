"""What a server says, in the words of docs/http_api.md."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import httpx
from pydantic import JsonValue

JOB = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")
NOW = "2026-01-01T00:00:00Z"


def record(job_id: UUID = JOB, status: str = "pending", **fields: JsonValue) -> dict[str, JsonValue]:
    """Return a job's record."""
    return {
        "id": str(job_id),
        "tenant_id": str(UUID(int=7)),
        "user_id": str(UUID(int=8)),
        "type": "test_job",
        "status": status,
        "priority": "normal",
        "payload": {},
        "created_at": NOW,
        **fields,
    }


def a_batch(**fields: JsonValue) -> dict[str, JsonValue]:
    """Return a batch's record."""
    return {
        "id": str(JOB),
        "tenant_id": str(UUID(int=7)),
        "user_id": str(UUID(int=8)),
        "name": "summaries",
        "created_at": NOW,
        "updated_at": NOW,
        **fields,
    }


def problem(status: int, code: str, **fields: JsonValue) -> httpx.Response:
    """Return an error answer."""
    return httpx.Response(status, json={"code": code, "detail": f"It is {code}.", "status": status, **fields})


def event(seq: int, kind: str = "progress", job_id: UUID = JOB, **fields: JsonValue) -> bytes:
    """Return the frame of an event."""
    status = kind if kind in ("completed", "failed") else "processing"
    data: dict[str, JsonValue] = {"kind": kind, "job_id": str(job_id), "seq": seq, "at": NOW, "status": status}
    data |= {"progress": 5, "message": "", **fields}
    return frame(kind, data, seq)


def finished(job_id: UUID = JOB) -> bytes:
    """Return the frame with the record of a completed job."""
    return frame("job", record(job_id, "completed"))


def frame(name: str, data: JsonValue, seq: int | None = None) -> bytes:
    """Return one frame."""
    head = "" if seq is None else f"id: {seq}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces; an error among them breaks it off."""

    def __init__(self, pieces: Sequence[bytes | Exception]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


CUT = httpx.ReadError("cut")


def stream(*pieces: bytes | Exception) -> httpx.Response:
    """Return a stream of events."""
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(pieces))
