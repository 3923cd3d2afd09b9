"""What is brought into an outbox, where a log is not whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, JobPage, JobQuery, JobRequest
from aijobs_sdk.server.batch_jobs import BatchJobs
from aijobs_sdk.server.following import NoPlaces, SeqPlaces, follow_job, follow_jobs
from aijobs_sdk.server.job_pages import answer_look_up
from aijobs_sdk.server.outbox import Outbox
from aijobs_sdk.simulation.virtual_time import VirtualClock
from server.server_worlds import NOBODYS, new_backend

pytestmark = pytest.mark.anyio


class Trimmed(LocalBackend):
    """A backend whose logs begin late."""

    async def events(self, job_id: UUID, *, after: int = 0, follow: bool = True) -> AsyncGenerator[JobEvent]:
        async for event in super().events(job_id, after=after, follow=follow):
            if event.seq > 3:
                yield event


async def brought(backend: LocalBackend, job: Job, after: int) -> list[str]:
    outbox = Outbox()
    await follow_job(backend, job.id, outbox, places=SeqPlaces(), after=after)
    lines = (await outbox.take() or b"").decode().splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


async def test_where_a_part_of_the_log_is_gone_the_record_stands_for_it() -> None:
    backend = new_backend(VirtualClock(), Trimmed)
    [job] = await backend.submit([JobRequest(type="test_job", payload={"text": ["one ", "two "]})])
    assert await brought(backend, job, 1) == ["job", "delta", "job", "completed"]
    assert await brought(backend, job, 3) == ["delta", "job", "completed"]
    assert await brought(backend, job, 5) == ["job"]
    await backend.aclose()


class Damaged(LocalBackend):
    """A backend in which nothing can be read of the first job that was made."""

    damaged: UUID

    async def get(self, job_id: UUID) -> Job:
        self._refuse(job_id)
        return await super().get(job_id)

    async def events(self, job_id: UUID, *, after: int = 0, follow: bool = True) -> AsyncGenerator[JobEvent]:
        async for event in super().events(job_id, after=after, follow=follow):
            self._refuse(job_id)
            yield event

    def _refuse(self, job_id: UUID) -> None:
        if job_id == self.damaged:
            raise UnreadableRecordError(f"Job {job_id}", "its `data` is no JSON", job_id=job_id)


async def test_a_job_that_cannot_be_read_ends_nobody_elses_stream() -> None:
    backend = new_backend(VirtualClock(), Damaged)
    bad, good = await backend.submit([JobRequest(type="test_job", payload={"seconds": 1})] * 2)
    backend.damaged = bad.id  # type: ignore[attr-defined]
    outbox = Outbox()
    await follow_jobs(backend, {bad.id: 0, good.id: 0}, outbox, places=NoPlaces())
    brought = (await outbox.take() or b"").decode()
    assert brought.count("event: missing") == brought.count("is stored, and cannot be read") == 1
    assert brought.count("event: completed") == 1
    await backend.aclose()


async def test_a_look_up_tells_a_job_that_cannot_be_read_from_one_that_is_missing() -> None:
    backend = new_backend(VirtualClock(), Damaged)
    bad, good = await backend.submit([JobRequest(type="test_job", payload={})] * 2)
    backend.damaged = bad.id  # type: ignore[attr-defined]
    answer = json.loads(bytes((await answer_look_up(backend, [bad.id, good.id, NOBODYS], enough_bytes=9_000)).body))
    assert answer["unreadable"][str(bad.id)]["code"] == "unreadable_record"
    assert ([job["id"] for job in answer["jobs"]], answer["missing"]) == ([str(good.id)], [str(NOBODYS)])
    await backend.aclose()


class Unlisted(LocalBackend):
    """A backend of which whole jobs are listed for nobody."""

    async def list_jobs(self, query: JobQuery) -> JobPage:
        raise AssertionError(query)


async def test_the_jobs_of_a_batch_are_found_without_what_was_asked_of_them() -> None:
    backend = new_backend(VirtualClock(), Unlisted)
    batch = await backend.open_batch(BatchRequest(name="summaries"))
    jobs = await backend.submit([JobRequest(type="test_job", payload={}, batch_id=batch.id)] * 30)
    found = [job_id async for job_id in BatchJobs(backend, batch.id).newer_than(None)]
    assert found == [job.id for job in jobs]
    await backend.aclose()


async def test_ten_thousand_idle_jobs_are_cheap() -> None:
    backend = new_backend(VirtualClock())
    request = JobRequest(type="test_job", payload={"seconds": 1e6})
    jobs = {job.id: 0 for job in await backend.submit([request] * 10_000)}
    outbox = Outbox()
    following = asyncio.create_task(follow_jobs(backend, jobs, outbox, places=NoPlaces()))
    frames = b""
    while frames.count(b"event: accepted") < len(jobs):
        frames += await outbox.take() or b""
    following.cancel()
    await asyncio.wait([following])
    await backend.aclose()
    assert frames.count(b"\n\n") >= len(jobs)
