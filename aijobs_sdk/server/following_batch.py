"""What happens to the jobs of a batch, those among them that are added while somebody looks on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import UUID

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.server.batch_jobs import BatchJobs
from aijobs_sdk.server.batch_places import MOST_OPEN, BatchPlaces
from aijobs_sdk.server.following import follow_or_miss
from aijobs_sdk.server.outbox import Outbox

_LOOK_SECONDS = 1.0
"""How often it is looked whether a batch has new jobs."""
_OVER = {BatchState.FINISHED, BatchState.CANCELLED}


async def resume_batch(backend: Backend, batch_id: UUID, last_event_id: str | None) -> BatchPlaces:
    """Return where a stream goes on after the event with this id; at the beginning of the batch without one.

    Raises:
        ValueError: no event of this batch has such an id.
    """
    places = BatchPlaces(batch_id)
    if not last_event_id:
        return places
    newest, seen = places.read(last_event_id)
    jobs = await BatchJobs(backend, batch_id).up_to(newest, seen.keys())
    if jobs.keys() != seen.keys():
        raise ValueError(last_event_id)
    places.restore(newest, {jobs[distance]: (distance, seq) for distance, seq in seen.items()})
    return places


async def follow_batch(backend: Backend, batch: BatchRecord, outbox: Outbox, *, places: BatchPlaces) -> None:
    """Bring the events of a batch's jobs, of the oldest first, until the batch and all of them are over.

    At most MOST_OPEN of them are followed at the same time; others wait until some of these are over.

    Raises:
        BatchNotFoundError: somebody deletes it meanwhile.
    """
    jobs, turns = BatchJobs(backend, batch.id), asyncio.Semaphore(MOST_OPEN)

    async def follow(job_id: UUID, after: int) -> None:
        try:
            await follow_or_miss(backend, job_id, outbox, places=places, after=after)
        finally:
            turns.release()

    async with asyncio.TaskGroup() as tasks:
        for job_id, after in places.open().items():
            await turns.acquire()
            tasks.create_task(follow(job_id, after))
        while True:
            is_over = await _is_over(backend, batch)  # before the look that is to find its last jobs
            async with aclosing(jobs.newer_than(places.newest)) as newcomers:
                async for job_id in newcomers:
                    await turns.acquire()
                    places.begin(job_id)
                    tasks.create_task(follow(job_id, 0))
            if is_over:
                return
            await asyncio.sleep(_LOOK_SECONDS)


async def _is_over(backend: Backend, batch: BatchRecord) -> bool:
    now = await backend.batch(batch.name)
    return now.id != batch.id or now.standing.state in _OVER
