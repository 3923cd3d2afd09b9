"""Sending a row promises that its job is known from then on, whatever becomes of whoever sent it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.running.course import Course
from aijobs_sdk.batch.running.sending import Sender
from aijobs_sdk.contract.job import Job, JobRequest
from batch.batch_worlds import WatchedBackend

pytestmark = pytest.mark.anyio


class SlowBackend(WatchedBackend):
    """Stores jobs at once, and says so when it is told to."""

    def __init__(self) -> None:
        super().__init__(aijobs.AsyncClient())
        self.stored, self.may_answer = asyncio.Event(), asyncio.Event()

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        jobs = await super().submit(requests)
        self.stored.set()
        await self.may_answer.wait()
        return jobs


@pytest.mark.usefixtures("sim")
async def test_a_job_is_known_though_whoever_sent_it_was_interrupted_meanwhile() -> None:
    backend, course = SlowBackend(), Course(0)
    sender = Sender(backend, UUID(int=1), is_named=False, row_timeout=None)
    sending = asyncio.create_task(sender.send(course, "", "0" * 32, {"prompt": "Hello.", "model": "gpt-5.2"}))
    await backend.stored.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    backend.may_answer.set()
    await asyncio.sleep(0.001)
    assert course.job_id is not None
    assert (await backend.get(course.job_id)).payload["prompt"] == "Hello."
