"""What the source systems did: a plain FastAPI application that is asked again and again how a job stands."""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

app = FastAPI()
jobs: dict[str, dict[str, Any]] = {}
at_work: set[asyncio.Task[None]] = set()


async def work(job: dict[str, Any]) -> None:
    """Run one job."""
    job["status"] = "processing"
    await asyncio.sleep(job["payload"].get("seconds", 0))
    job["status"] = "completed"


@app.post("/api/jobs")
async def submit(payload: dict[str, Any]) -> dict[str, Any]:
    """Begin a job."""
    job_id = str(uuid4())
    job = jobs[job_id] = {"id": job_id, "status": "pending", "payload": payload}
    task = asyncio.create_task(work(job))
    at_work.add(task)
    task.add_done_callback(at_work.discard)
    return job


@app.get("/api/jobs/{job_id}")
async def get(job_id: str) -> dict[str, Any]:
    """Return how a job stands."""
    return jobs[job_id]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
