"""Rows that are asked for together: at most so many, and of one model on one route. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

from aijobs_sdk.batch.running.chunk_jobs import TRIES
from aijobs_sdk.batch.running.course import Course
from aijobs_sdk.batch.running.work import Work
from aijobs_sdk.contract.job import Job

MOST_ROWS = 1_000
MOST_BYTES = 6_000_000
"""Of a chunk, but for a row that is larger alone: a server takes eight million at once."""


@dataclass(slots=True, eq=False)
class Part:
    """One row of a chunk, and what is asked for it."""

    course: Course
    work: Work
    payload: dict[str, Any]

    def item(self, batch_id: UUID) -> dict[str, Any]:
        """Return the item of a chunk that it is."""
        tries = self.work.retry % TRIES
        return {
            "key": self.work.idempotency_key(batch_id),
            "attempt": tries + 1,
            # As of an attempt of a job by itself: what is answered does not hang on how it was asked for.
            "draw_key": self.work._replace(retry=self.work.retry - tries).name,
            "payload": self.payload,
        }


@dataclass(slots=True, eq=False)
class Chunk:
    """Rows that are sent as one job."""

    parts: list[Part] = field(default_factory=list)
    size: int = 0
    """Bytes, about."""

    @property
    def job_id(self) -> UUID | None:
        """The job that it is; None where it was not sent."""
        return self.parts[0].course.job_id if self.parts else None

    @property
    def name(self) -> str:
        """What tells it from other chunks: the same rows at the same step are the same chunk."""
        digest = blake2b("\n".join(part.work.name for part in self.parts).encode(), digest_size=16)
        return f"economy/{digest.hexdigest()}"

    @property
    def quickest(self) -> Course:
        """The row that has most time left: a vendor ends a chunk as a whole."""
        return min((part.course for part in self.parts), key=lambda course: course.seconds_taken)

    def sent(self, job: Job) -> None:
        """Note the job that its rows are under way in from now on."""
        for part in self.parts:
            part.course.sent(job)

    def again(self) -> None:
        """Let its rows be asked once more, as a new job."""
        for part in self.parts:
            part.course.again()
            part.work = part.work._replace(retry=part.course.retry)

    def has_room(self, size: int) -> bool:
        """Return whether so many bytes fit in."""
        return not self.parts or (len(self.parts) < MOST_ROWS and self.size + size <= MOST_BYTES)

    def add(self, part: Part, size: int) -> None:
        """Take a row in."""
        self.parts.append(part)
        self.size += size


class Chunks:
    """Cuts rows into chunks as they come, one open chunk a route."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Chunk] = {}

    def add(self, part: Part) -> Chunk | None:
        """Take a row in; return the chunk that is full now, if one is."""
        route = (str(part.payload.get("model")), str(part.payload.get("provider", "")))
        size = len(json.dumps(part.payload, default=str))
        chunk = self._open.setdefault(route, Chunk())
        if chunk.has_room(size):
            chunk.add(part, size)
            return None
        self._open[route] = Chunk()
        self._open[route].add(part, size)
        return chunk

    def rest(self) -> Iterator[Chunk]:
        """Yield the chunks that are not full."""
        while self._open:
            yield self._open.popitem()[1]


def under_way(parts: Iterable[Part]) -> list[Chunk]:
    """Return the chunks that rows were sent in which are under way."""
    chunks: dict[UUID | None, Chunk] = {}
    for part in parts:
        chunks.setdefault(part.course.job_id, Chunk()).parts.append(part)
    return list(chunks.values())
