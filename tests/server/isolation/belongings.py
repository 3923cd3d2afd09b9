"""What a tenant has, by the names under which it can be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import httpx

SECRET = "sesame-of-the-first-tenant"
"""Stands in everything that the tenant wrote."""


@dataclass(frozen=True)
class Belongings:
    """One job of a tenant's, and one thing of each other kind."""

    job: str
    document: str
    block: str
    draft: str
    """A block for which jobs proposed texts."""
    suggestion: str
    batch: str
    batch_name: str
    schedule: str
    key: str
    cursor: str

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield each kind, and what it is called here; a cursor is a number, and names nothing."""
        return ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "cursor")


def nobodys(theirs: Belongings) -> Belongings:
    """Return as many names, of nothing: only a cursor says of itself that it is none, so this one is kept."""
    job, document, block, draft, suggestion, batch = (str(uuid4()) for _ in range(6))
    named = replace(theirs, batch_name="no such batch", schedule="no such schedule", key="no such key")
    return replace(named, job=job, document=document, block=block, draft=draft, suggestion=suggestion, batch=batch)


async def acquire(owner: httpx.AsyncClient) -> list[Belongings]:
    """Let a tenant have something of every kind; return it once for each of its jobs, which stand as jobs can."""
    schedule, key, name = f"schedule-{SECRET}", f"key-{SECRET}", f"batch-{SECRET}"
    block = {"prompt": SECRET, "content": SECRET}
    begun = await _made(owner, "/api/documents", title=SECRET, blocks=[block, block], idempotency_key=key)
    document_id, block_id, draft_id = begun["document"]["id"], *(one["id"] for one in begun["blocks"])
    refine = {"documentId": document_id, "type": "REFINE", "prompt": SECRET}
    refined = await _made(owner, "/api/report-builder/jobs", blockId=block_id, **refine)
    proposals = [
        await _made(owner, "/api/report-builder/jobs", blockId=draft_id, propose=True, **refine) for _ in range(2)
    ]
    batch_id = await _batch(owner, name)
    over = [
        refined["jobId"],
        *(one["jobId"] for one in proposals),
        await _submitted(owner, "ai_generation", prompt=SECRET, model="gpt-5.2"),
        await _submitted(owner, "image_generation", prompt=SECRET),
        await _submitted(owner, "test_job", fail=True, echo=SECRET),
    ]
    for job in over:
        await owner.get(f"/api/jobs/{job}/events")
    endless = {"seconds": 600, "echo": SECRET}
    running = await _made(owner, "/api/jobs", type="test_job", payload=endless, idempotency_key=key, batch_id=batch_id)
    await _put_schedule(owner, schedule)
    suggestions = (await owner.get(f"/api/blocks/{draft_id}/suggestions")).json()["suggestions"]
    page = (await owner.get("/api/jobs", params={"limit": 1})).json()
    return [
        Belongings(job, document_id, block_id, draft_id, one["id"], batch_id, name, schedule, key, page["next_cursor"])
        for job, one in zip((running["id"], *over), cycle(suggestions), strict=False)
    ]


async def _put_schedule(owner: httpx.AsyncClient, name: str) -> None:
    job = {"type": "test_job", "payload": {"echo": SECRET}}
    (await owner.put(f"/api/schedules/{name}", json={"cron": "0 0 1 7 *", "job": job})).raise_for_status()


async def _batch(owner: httpx.AsyncClient, name: str) -> str:
    batch_id = str((await _made(owner, "/api/batches", name=name, settings={"about": SECRET}))["id"])
    row = {"index": 0, "key": SECRET, "inputs": {"text": SECRET}, "request": {"prompt": SECRET}}
    (await owner.put(f"/api/batches/{batch_id}/rows", json={"rows": [row]})).raise_for_status()
    holder = {"token": SECRET, "host": SECRET, "pid": 1, "since": "2026-01-01T00:00:00Z"}
    (await owner.put(f"/api/batches/{batch_id}/holder", json={"holder": holder, "seconds": 600})).raise_for_status()
    return batch_id


async def _submitted(owner: httpx.AsyncClient, kind: str, **payload: Any) -> str:
    return str(UUID((await _made(owner, "/api/jobs", type=kind, payload=payload))["id"]))


async def _made(owner: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await owner.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
