"""Many jobs by our client, and by hand: requests until all are over, and the time to the first news of a job."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

import httpx

import aijobs_sdk as aijobs
from aijobs_sdk.backends.http.hooks import HttpHooks, RequestSent


class Watched(NamedTuple):
    """What it took to submit many jobs and to see them end."""

    requests: int
    wall_seconds: float


async def watch_many(address: str, jobs: int, *, at_once: bool) -> Watched:
    """Submit jobs in one call, and wait for all of them at once, or for one after the other."""
    asked: list[RequestSent] = []
    async with aijobs.AsyncClient(address, http_hooks=HttpHooks(request=[asked.append])) as client:
        began_at = time.perf_counter()
        handles = await client.submit_many([client.request(type="test_job", payload={}) for _ in range(jobs)])
        await (asyncio.gather(*(handle.result() for handle in handles)) if at_once else _one_by_one(handles))
        return Watched(len(asked), time.perf_counter() - began_at)


async def _one_by_one(handles: Sequence[aijobs.AsyncJobHandle[aijobs.JobResult]]) -> None:
    for handle in handles:
        await handle.result()


async def first_news_by_events(address: str, jobs: int) -> list[float]:
    """Return the milliseconds from each submit to its first event, one job after the other."""
    took: list[float] = []
    async with aijobs.AsyncClient(address) as client:
        for _ in range(jobs):
            began_at = time.perf_counter()
            job = await client.submit(type="test_job", payload={"seconds": 0.05})
            async for _event in job.stream():
                took.append((time.perf_counter() - began_at) * 1000)
                break
            await job.wait()
    return took


async def first_news_by_polling(address: str, jobs: int, every_seconds: float) -> list[float]:
    """Return the milliseconds from each submit until a loop that asks every so often sees that the job began."""
    took: list[float] = []
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for _ in range(jobs):
            began_at = time.perf_counter()
            job = (await client.post("/api/jobs", json={"seconds": 0.05})).json()
            while job["status"] == "pending":
                await asyncio.sleep(every_seconds)
                job = (await client.get(f"/api/jobs/{job['id']}")).json()
            took.append((time.perf_counter() - began_at) * 1000)
    return took
