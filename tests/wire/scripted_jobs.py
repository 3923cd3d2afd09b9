"""Jobs to which happens what their stories say, and the streams by which they are followed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from pydantic import JsonValue

from wire.exchange import Frame
from wire.story import Story, event, record

GLANCE_SECONDS = 0.02
"""How long a stream sleeps at most: somebody may cancel a job that it follows."""


@dataclass(kw_only=True)
class ScriptedJob:
    """A job, and what will happen to it."""

    story: Story
    asked: Mapping[str, JsonValue] = field(default_factory=lambda: {"type": "test_job", "payload": {}})
    id: UUID = field(default_factory=uuid4)
    born: float = field(default_factory=time.monotonic)
    trimmed: int = 0
    """Events up to this one are not kept any more."""
    of_a_newer_version: Mapping[str, JsonValue] = field(default_factory=dict)
    """What its record and its events say beside what this version knows."""

    @property
    def age(self) -> float:
        return time.monotonic() - self.born

    def is_over(self) -> bool:
        return self.story.past(self.age)[-1].is_last

    def cancel(self) -> None:
        self.story = self.story.cancelled(self.age)

    def record(self, age: float | None = None) -> dict[str, JsonValue]:
        return record(self.id, self.asked, self.story, self.age if age is None else age) | {**self.of_a_newer_version}

    def frames(self, seen: int) -> list[tuple[int, Frame]]:
        """Return what a stream has to send to one who has seen so much, and how much has been seen after each."""
        age = self.age  # one for all, or the record could be of a moment before the last event
        whole = Frame("job", json.dumps(self.record(age)))
        start = max(seen, self.trimmed)
        found = [(start, whole)] if seen < self.trimmed else []
        for seq, beat in list(enumerate(self.story.past(age), start=1))[start:]:
            found += [(seq - 1, whole)] if beat.is_last else []
            found.append((seq, Frame(beat.kind, json.dumps(event(self.id, seq, beat) | {**self.of_a_newer_version}))))
        return found


async def follow_one(job: ScriptedJob, seen: int, *, live: bool) -> AsyncGenerator[Frame]:
    """Yield the frames of one job, with `live` until it is over; an event's id is its place in the log."""
    while True:
        over = job.is_over()  # asked first: what happens from here on is found in the next round
        for now_seen, frame in job.frames(seen):
            yield frame.at(str(now_seen)) if frame.is_of_the_log else frame
            seen = now_seen
        if over or not live:
            return
        await asyncio.sleep(_until_something_happens([job]))


async def follow_many(jobs: Mapping[UUID, ScriptedJob], seen: dict[UUID, int]) -> AsyncGenerator[Frame]:
    """Yield the frames of many jobs until all of them are over; an event's id says how much was seen of each."""
    for missing in seen.keys() - jobs.keys():
        yield Frame("missing", json.dumps({"job_id": str(missing)}))
    following = [jobs[job_id] for job_id in seen if job_id in jobs]
    while following:
        over = {job.id for job in following if job.is_over()}
        for job in following:
            for now_seen, frame in job.frames(seen[job.id]):
                seen[job.id] = now_seen
                yield frame.at(spelled(seen)) if frame.is_of_the_log else frame
        following = [job for job in following if job.id not in over]
        await asyncio.sleep(_until_something_happens(following))


def spelled(seen: Mapping[UUID, int]) -> str:
    """Return how much was seen of each of many jobs, as an address and an event's id say it."""
    return ",".join(f"{job_id}:{seq}" for job_id, seq in seen.items())


def read_spelled(text: str) -> dict[UUID, int]:
    """Return how much was seen of each of many jobs."""
    return {UUID(job_id): int(seq or 0) for job_id, _, seq in (one.partition(":") for one in text.split(","))}


def _until_something_happens(jobs: Sequence[ScriptedJob]) -> float:
    return min([GLANCE_SECONDS, *(job.story.next_in(job.age) for job in jobs)])
