"""One connection over which jobs are followed, opened again whenever it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from aijobs_sdk.backends.http.answers import Object, read_event, read_fact, read_object, why_missing
from aijobs_sdk.backends.http.authority import Authority, Known
from aijobs_sdk.backends.http.backoff import Backoff, Chance, PollPauses
from aijobs_sdk.backends.http.follower import Follower, GapError
from aijobs_sdk.backends.http.frames import Frame
from aijobs_sdk.backends.http.kept_jobs import KeptJobs
from aijobs_sdk.backends.http.listener import Listener
from aijobs_sdk.backends.http.readers import Readers
from aijobs_sdk.backends.http.refusal import TryAgain
from aijobs_sdk.contract.job import Job

MOST_JOBS = 10_000
"""As many as a server sends over one stream."""
LAST_WORD_SECONDS = 1.0
"""How long a server may take to end a stream that has no more to bring."""


@dataclass(frozen=True, slots=True)
class StreamTools:
    """What every stream of a loop works with."""

    listener: Listener
    authority: Authority
    kept: KeptJobs
    chance: Chance
    longest_wait_seconds: float
    """How long it is waited when a server asks for a pause; then jobs are looked at."""


class Stream:
    """Brings the events of some jobs to those who follow them, until each is over or gone.

    What a connection says is not trusted to be whole: where it brought nothing, the jobs' records are looked at.
    """

    def __init__(self, tools: StreamTools, followers: Iterable[Follower]) -> None:
        self._tools = tools
        self.readers = Readers(followers)
        self._backoff = Backoff(tools.chance)
        self._poll_pauses = PollPauses(tools.chance)
        self._known: Known = {}
        self._resumes = False
        self._full: list[Follower] = []

    async def run(self) -> None:
        """Work until nobody follows any more.

        Raises:
            AIJobsError: the server lets nobody follow these jobs.
        """
        while self.readers:
            listens = self._tools.listener.may_listen and not self._are_too_many
            pause = await self._listen() if listens else await self._look()
            if self.readers:
                await asyncio.sleep(pause)

    @property
    def _are_too_many(self) -> bool:
        """Whether no stream may name all of the jobs: where there are as many streams as may be, one has the rest."""
        return len(self.readers) > MOST_JOBS

    async def _look(self) -> float:
        """Look at the jobs, as they cannot be listened to; return how long to pause before the next look."""
        known = None if self._are_too_many else self._known  # to read the logs of so many takes longer than most jobs
        await self._tools.authority.look_at(self.readers, known)
        return self._poll_pauses.next_seconds()

    async def _listen(self) -> float:
        """Take in what one connection brings; return how long to pause before the next."""
        try:
            news = await self._take_all()
        except TryAgain as refused:  # that may last, so that it is looked what happens meanwhile
            await asyncio.sleep(min(refused.retry_after_seconds or 0.0, self._tools.longest_wait_seconds))
            await self._tools.authority.look_at(self.readers, self._known)
            news = False
        else:
            if not news and self.readers:
                await self._tools.authority.look_at(self.readers, None)
        if news:
            self._backoff.reset()
        return self._backoff.next_seconds()

    async def _take_all(self) -> bool:
        """Take in what one connection brings until it ends; return whether anything was new.

        Raises:
            TryAgain: there is no connection now.
        """
        news = False
        listened = self._tools.listener.listen(self.readers.positions(), resumes=self._resumes)
        self._resumes = True
        with suppress(GapError):  # what is missing is asked for again
            async with aclosing(listened) as frames:
                async for together in frames:
                    self._tools.authority.note_stream()
                    for frame in together:
                        news = self._take(frame) or news
                        if self._full:
                            await self._make_room()
                    if not self.readers:
                        await _read_to_the_end(frames)
                        break
        return news

    async def _make_room(self) -> None:
        """Let those read whose room is full; who does not has to come back on a stream of their own."""
        full, self._full = self._full, []
        await asyncio.sleep(0)
        for follower in full:
            if self.readers.are_one():
                await follower.wait_for_room()
            elif follower.is_full:
                self.readers.remove(follower)
                follower.is_left_behind = True

    def _take(self, frame: Frame) -> bool:
        """Hand on what a frame says, and return whether it was new. What cannot be read is missed when the next comes.

        Raises:
            GapError: something is missing before this.
        """
        try:
            data = read_object(frame.data)
            match frame.event:
                case "job":
                    self._take_record(data, len(frame.data))
                    return False
                case "missing":
                    job_id = UUID(str(data.get("job_id")))
                    self.readers.fail(job_id, why_missing(job_id, data.get("problem")))
                    return True
            event = read_event(data)
        except ValueError:
            return False
        new = self.readers.take(event)
        self._full.extend(follower for follower in self.readers.of(event.job_id) if follower.is_full)
        return new

    def _take_record(self, data: Object, size: int) -> None:
        job = read_fact(Job, data)
        self._tools.kept.keep(job, size)
        self.readers.announce_gap(job.id)


async def _read_to_the_end(frames: AsyncGenerator[list[Frame]]) -> None:
    """Take what a server says after its last event, that this was all: then the connection can be used again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORD_SECONDS):
            async for _ in frames:
                pass
