"""Who follows which job: readers who come at the same time share a stream, and there are never many streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from aijobs_sdk.backends.http.follower import Follower
from aijobs_sdk.backends.http.refusal import closed
from aijobs_sdk.backends.http.stream import MOST_JOBS, Stream, StreamTools
from aijobs_sdk.contract.events import JobEvent

SHORTEST_SECONDS = 0.01
LONGEST_SECONDS = 0.5
QUIET_SECONDS = 0.05
"""After such a time without a newcomer, or where nobody else reads, the next one is not made to wait for others."""


class Watch:
    """The streams of one loop, and those who wait for theirs to open."""

    def __init__(self, tools: StreamTools, server: str, *, most_streams: int) -> None:
        self._tools = tools
        self._server = server
        self._most_streams = most_streams
        self._streams: dict[asyncio.Task[None], Stream] = {}
        self._newcomers: list[Follower] = []
        self._gathering: asyncio.Task[None] | None = None
        self._gathered_at = float("-inf")
        self._window_seconds = SHORTEST_SECONDS

    async def follow(self, job_id: UUID, after: int, *, wants_log: bool = True) -> AsyncGenerator[JobEvent]:
        """Yield the job's events with `seq` > `after`, past ones first, and stop after the terminal one.

        Who does not want the log may miss events where no stream gets through.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        follower = Follower(job_id, after, wants_log=wants_log)
        self._join(follower)
        try:
            while (event := await follower.next_event()) is not None:
                yield event
                if follower.wants_to_join:
                    self._join(follower)
        finally:
            self._leave(follower)

    async def aclose(self) -> None:
        """Close all streams, and let those who follow a job know."""
        tasks = [*self._streams, *([self._gathering] if self._gathering else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for follower in self._newcomers:
            follower.fail(closed(self._server))

    @property
    def _is_followed(self) -> bool:
        """Whether there are others who read."""
        return any(stream.readers for stream in self._streams.values())

    def _join(self, follower: Follower) -> None:
        follower.is_left_behind = False
        self._newcomers.append(follower)
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather(), name="aijobs-gather-followers")

    def _leave(self, follower: Follower) -> None:
        if follower in self._newcomers:
            self._newcomers.remove(follower)
        for task, stream in self._streams.items():
            if stream.readers.remove(follower) and not stream.readers:
                task.cancel()  # of those whose jobs are over, a stream takes leave by itself

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        while self._newcomers:
            is_quiet = loop.time() - self._gathered_at > QUIET_SECONDS
            await asyncio.sleep(0 if is_quiet or not self._is_followed else self._window_seconds)
            self._gathered_at = loop.time()
            newcomers, self._newcomers = self._newcomers[:MOST_JOBS], self._newcomers[MOST_JOBS:]
            if newcomers:
                self._open(newcomers)

    def _open(self, newcomers: list[Follower]) -> None:
        """Open a stream for these; where there are as many as may be, in the place of the one with the fewest jobs."""
        if len(self._streams) < self._most_streams:
            self._window_seconds = SHORTEST_SECONDS
            self._start(Stream(self._tools, newcomers), in_place_of=None)
            return
        self._window_seconds = min(LONGEST_SECONDS, self._window_seconds * 2)
        smallest = min(self._streams, key=lambda one: len(self._streams[one].readers))
        readers = self._streams.pop(smallest).readers
        smallest.cancel()
        self._start(Stream(self._tools, [*newcomers, *readers]), in_place_of=smallest)

    def _start(self, stream: Stream, *, in_place_of: asyncio.Task[None] | None) -> None:
        task = asyncio.create_task(_run(stream, after=in_place_of), name="aijobs-follow")
        self._streams[task] = stream
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        stream = self._streams.pop(task, None)
        if stream is None:  # its readers have moved to another
            return
        error = None if task.cancelled() else task.exception()
        for follower in stream.readers:
            follower.fail(error or closed(self._server))


async def _run(stream: Stream, *, after: asyncio.Task[None] | None) -> None:
    """Let a stream work once another has closed its connection, so that there is never one more than may be."""
    if after is not None:
        await asyncio.wait([after])
    await stream.run()
