"""Plain readers of server-sent events, a socket each: how late is what they read?"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from urllib.parse import urlsplit

import httpx


async def lags_of_streams(address: str, streams: int, per_second: float, seconds: float) -> list[float]:
    """Return how many milliseconds after it happened each progress was read, each job's over a stream of its own."""
    ticking = {"seconds": seconds, "per_second": per_second}
    jobs = [{"type": "tick", "payload": {**ticking, "phase": n / streams}} for n in range(streams)]
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        submitted = (await client.post("/api/jobs", json={"jobs": jobs})).raise_for_status().json()["jobs"]
    lags = await asyncio.gather(*(_lags(address, job["id"]) for job in submitted))
    return [lag for one in lags for lag in one]


async def _lags(address: str, job_id: str) -> list[float]:
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(
        f"GET /api/jobs/{job_id}/events HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode()
    )
    lags: list[float] = []
    async for line in reader:
        now = time.time()
        if line.startswith(b"data: ") and b'"kind":"progress"' in line:
            happened_at = datetime.fromisoformat(json.loads(line[len(b"data: ") :])["at"])
            lags.append((now - happened_at.timestamp()) * 1000)
    writer.close()
    return lags
