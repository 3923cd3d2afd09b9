"""What happens to jobs, brought into an outbox: the events of each in order, and the records that explain them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from itertools import islice
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import JobNotFoundError, UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent, TerminalEvent
from aijobs_sdk.contract.problem import problem_of
from aijobs_sdk.server.outbox import Outbox
from aijobs_sdk.server.sse import event_frame, job_frame, missing_frame, unreadable_frame
from aijobs_sdk.server.standing import Standing

_BEGUN_AT_ONCE = 100
"""So many jobs of a stream are begun before others have a turn."""


class Places(Protocol):
    """What an event's frame says about where the stream stands."""

    def after(self, event: JobEvent) -> str:
        """Return the place after this event."""
        ...

    def end(self, job_id: UUID) -> None:
        """Note that a job is over."""
        ...


class SeqPlaces:
    """One job's stream stands at the event's own number."""

    def after(self, event: JobEvent) -> str:
        """Return the place after this event."""
        return str(event.seq)

    def end(self, job_id: UUID) -> None:
        """Nothing to note."""


class NoPlaces:
    """A stream whose reader knows by itself where it stands."""

    def after(self, event: JobEvent) -> str:
        """Return no place."""
        return ""

    def end(self, job_id: UUID) -> None:
        """Nothing to note."""


class StandingPlaces:
    """A stream of many jobs, which stands somewhere with each of them."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def after(self, event: JobEvent) -> str:
        """Return the place after this event."""
        if isinstance(event, TerminalEvent):
            self._standing.end(event.job_id)
        else:
            self._standing.advance(event.job_id, event.seq)
        return self._standing.text()

    def end(self, job_id: UUID) -> None:
        """Note that a job is over."""
        self._standing.end(job_id)


async def follow_job(
    backend: Backend, job_id: UUID, outbox: Outbox, *, places: Places, after: int, follow: bool = True
) -> None:
    """Bring one job's events with `seq` > `after`; its record stands before the last one, and where some are gone.

    Raises:
        JobNotFoundError: this tenant has no such job.
    """
    async with aclosing(backend.events(job_id, after=after, follow=follow)) as events:
        async for event in events:
            is_last = isinstance(event, TerminalEvent)
            async with outbox.room() as put:
                if is_last or event.seq > after + 1:
                    put(job_frame(await backend.get(job_id)))
                put(event_frame(event, places.after(event)))
            if is_last:
                return
            after = event.seq
    if follow:  # the job is over, and the end of its log is gone, or was seen before
        async with outbox.room() as put:
            places.end(job_id)
            put(job_frame(await backend.get(job_id)))


async def follow_jobs(backend: Backend, jobs: Mapping[UUID, int], outbox: Outbox, *, places: Places) -> None:
    """Bring the events of many jobs until all of them are over; one that there is none of comes as `missing`."""
    async with asyncio.TaskGroup() as tasks:
        for some in _in_parts(jobs, _BEGUN_AT_ONCE):
            for job_id, after in some.items():
                tasks.create_task(follow_or_miss(backend, job_id, outbox, places=places, after=after))
            await asyncio.sleep(0)


async def follow_or_miss(backend: Backend, job_id: UUID, outbox: Outbox, *, places: Places, after: int) -> None:
    """Bring one job's events; that there is no such job comes as `missing`, and why one cannot be read beside that."""
    try:
        await follow_job(backend, job_id, outbox, places=places, after=after)
    except (JobNotFoundError, UnreadableRecordError) as error:
        is_there = isinstance(error, UnreadableRecordError)
        async with outbox.room() as put:
            places.end(job_id)
            put(unreadable_frame(job_id, problem_of(error)) if is_there else missing_frame(job_id))


def _in_parts(jobs: Mapping[UUID, int], size: int) -> Iterator[dict[UUID, int]]:
    rest = iter(jobs.items())
    while part := dict(islice(rest, size)):
        yield part
