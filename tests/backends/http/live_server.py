"""A server whose streams stay open, and that says what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx

from backends.http.wire_words import record

CLOSING_SECONDS = 0.001
"""How long it takes to close a connection."""


class OpenStream(httpx.AsyncByteStream):
    """A stream that says what it is told to, until it is told to end or its reader leaves."""

    def __init__(self, jobs: dict[UUID, int]) -> None:
        self.jobs = jobs
        """Which jobs it was asked for, each after which event."""
        self.is_open = True
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    def say(self, *frames: bytes) -> None:
        for one in frames:
            self._said.put_nowait(one)

    @property
    def unread(self) -> int:
        """How many frames nobody has taken yet."""
        return self._said.qsize()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._said.get()

    async def aclose(self) -> None:
        await asyncio.sleep(CLOSING_SECONDS)
        self.is_open = False


@dataclass
class LiveServer:
    """Hands out open streams; jobs are pending wherever somebody looks."""

    streams: list[OpenStream] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    most_open: int = 0
    """So many streams were open at the same time."""

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        if not request.url.path.endswith("/events"):
            return self._look_up(request)
        self.streams.append(OpenStream(_positions(request)))
        self.most_open = max(self.most_open, len(self.open_streams))
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=self.streams[-1])

    @property
    def open_streams(self) -> list[OpenStream]:
        return [one for one in self.streams if one.is_open]

    def _look_up(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=record(UUID(request.url.path.rsplit("/")[-1])))
        return httpx.Response(200, json={"jobs": [record(UUID(one)) for one in json.loads(request.content)["ids"]]})


def _positions(request: httpx.Request) -> dict[UUID, int]:
    if request.method == "POST":
        return {UUID(job_id): seq for job_id, seq in json.loads(request.content)["jobs"].items()}
    return {UUID(request.url.path.split("/")[-2]): int(request.url.params["after"])}
