"""However many jobs are followed, there are few streams, and nobody waits for a slow reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import httpx
import pytest

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.follower import MOST_WAITING
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.stream import MOST_JOBS
from aijobs_sdk.contract.errors import AIJobsError, JobNotFoundError, UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent
from backends.http.live_server import LiveServer
from backends.http.wire_words import JOB, OTHER, event, frame, problem

pytestmark = pytest.mark.anyio


@pytest.fixture
def live() -> LiveServer:
    return LiveServer()


@pytest.fixture
def backend(live: LiveServer) -> HttpBackend:
    return HttpBackend("http://jobs.test", chance=lambda: 0.5, open_transport=lambda: httpx.MockTransport(live.answer))


async def seen(backend: HttpBackend, job_id: UUID = JOB, *, after: int = 0) -> list[int]:
    return [one.seq async for one in backend.events(job_id, after=after)]


async def test_those_who_come_together_share_a_stream(live: LiveServer, backend: HttpBackend) -> None:
    ids = [uuid4() for _ in range(2000)]
    following = [asyncio.create_task(seen(backend, one)) for one in ids]
    await asyncio.sleep(1)
    [shared] = live.streams
    shared.say(*(event(1, "completed", one) for one in ids))
    assert await asyncio.gather(*following) == [[1]] * 2000
    assert live.requests == ["POST /api/events"]


async def test_two_places_in_one_log_are_both_right(live: LiveServer, backend: HttpBackend) -> None:
    behind, ahead = asyncio.create_task(seen(backend)), asyncio.create_task(seen(backend, after=2))
    await asyncio.sleep(1)
    [shared] = live.streams
    assert shared.jobs == {JOB: 0}
    shared.say(event(1), event(2), event(3), event(4, "completed"))
    assert (await behind, await ahead) == ([1, 2, 3, 4], [3, 4])


async def test_there_are_never_more_streams_than_allowed(live: LiveServer, backend: HttpBackend) -> None:
    ids = [uuid4() for _ in range(50)]
    following = []
    for one in ids:
        following.append(asyncio.create_task(seen(backend, one)))
        await asyncio.sleep(1)
    assert (len(live.open_streams), live.most_open) == (16, 16)
    assert sorted(job for one in live.open_streams for job in one.jobs) == sorted(ids)
    for opened in live.open_streams:
        opened.say(*(event(1, "completed", job) for job in opened.jobs))
    assert await asyncio.gather(*following) == [[1]] * 50


async def test_jobs_that_are_more_than_a_stream_may_name_are_looked_at(live: LiveServer) -> None:
    backend = a_backend_of_one_stream(live)
    following = [asyncio.create_task(seen(backend, uuid4())) for _ in range(MOST_JOBS + 1)]
    await asyncio.sleep(10)
    assert (live.open_streams, live.requests[-1]) == ([], "POST /api/jobs/lookup")
    following.pop().cancel()
    await asyncio.sleep(10)
    [shared] = live.open_streams
    shared.say(*(event(1, "completed", one) for one in shared.jobs))
    assert await asyncio.gather(*following) == [[1]] * MOST_JOBS


async def test_one_who_moves_to_another_stream_misses_nothing(live: LiveServer) -> None:
    backend = a_backend_of_one_stream(live)
    first = asyncio.create_task(seen(backend, JOB))
    await asyncio.sleep(1)
    live.streams[0].say(event(1), event(2))
    await asyncio.sleep(1)
    second = asyncio.create_task(seen(backend, OTHER))
    await asyncio.sleep(1)
    [merged] = live.open_streams
    assert merged.jobs == {JOB: 2, OTHER: 0}
    merged.say(event(3, "completed", JOB), event(1, "completed", OTHER))
    assert (await first, await second) == ([1, 2, 3], [1])


async def test_a_job_that_is_missing_ends_for_those_who_follow_it_alone(live: LiveServer, backend: HttpBackend) -> None:
    missing, found = asyncio.create_task(seen(backend, JOB)), asyncio.create_task(seen(backend, OTHER))
    await asyncio.sleep(1)
    live.streams[0].say(frame("missing", {"job_id": str(JOB)}), event(1, "completed", OTHER))
    with pytest.raises(JobNotFoundError):
        await missing
    assert await found == [1]


async def test_a_job_that_cannot_be_read_is_not_said_to_be_missing(live: LiveServer, backend: HttpBackend) -> None:
    unreadable, found = asyncio.create_task(seen(backend, JOB)), asyncio.create_task(seen(backend, OTHER))
    await asyncio.sleep(1)
    why = json.loads(problem(500, "unreadable_record").content)
    live.streams[0].say(frame("missing", {"job_id": str(JOB), "problem": why}), event(1, "completed", OTHER))
    with pytest.raises(UnreadableRecordError):
        await unreadable
    assert await found == [1]


async def test_a_stream_that_nobody_reads_is_closed(live: LiveServer, backend: HttpBackend) -> None:
    leaving, staying = asyncio.create_task(seen(backend, JOB)), asyncio.create_task(seen(backend, OTHER))
    await asyncio.sleep(1)
    leaving.cancel()
    await asyncio.sleep(1)
    assert len(live.open_streams) == 1
    staying.cancel()
    await asyncio.sleep(1)
    assert live.open_streams == []


async def test_a_reader_who_stops_keeps_nobody_waiting(live: LiveServer, backend: HttpBackend) -> None:
    slow, quick = backend.events(JOB), asyncio.create_task(seen(backend, OTHER))
    first = asyncio.create_task(anext(slow))
    await asyncio.sleep(1)
    [shared] = live.streams
    shared.say(*(event(seq) for seq in range(1, 3 * MOST_WAITING)), event(1, "completed", OTHER))
    assert await quick == [1]
    await first
    await asyncio.sleep(1)
    rest = asyncio.create_task(rest_of(slow))
    await asyncio.sleep(1)
    [own] = live.open_streams
    position = own.jobs[JOB]
    own.say(event(position + 1, "completed"))
    assert await rest == list(range(2, position + 2))
    assert position <= MOST_WAITING + 1


async def test_a_reader_alone_holds_the_server_back(live: LiveServer, backend: HttpBackend) -> None:
    slow = backend.events(JOB)
    first = asyncio.create_task(anext(slow))
    await asyncio.sleep(1)
    live.streams[0].say(*(event(seq) for seq in range(1, 3 * MOST_WAITING)), event(3 * MOST_WAITING, "completed"))
    await first
    await asyncio.sleep(1)
    assert live.streams[0].unread > MOST_WAITING
    assert await rest_of(slow) == list(range(2, 3 * MOST_WAITING + 1))
    assert len(live.requests) == 1


async def test_who_follows_a_client_that_is_closed_is_told(live: LiveServer, backend: HttpBackend) -> None:
    following = asyncio.create_task(seen(backend))
    await asyncio.sleep(1)
    await backend.aclose()
    with pytest.raises(AIJobsError, match="was closed"):
        await following
    assert live.open_streams == []


def a_backend_of_one_stream(live: LiveServer) -> HttpBackend:
    return HttpBackend(
        "http://jobs.test",
        limits=HttpLimits(max_streams=1),
        chance=lambda: 0.5,
        open_transport=lambda: httpx.MockTransport(live.answer),
    )


async def rest_of(events: AsyncGenerator[JobEvent]) -> list[int]:
    return [one.seq async for one in events]
