"""What the tests of batches run against: the local backend, watched, and broken where a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.batches import BatchRecord, Hold
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job, JobRequest
from aijobs_sdk.contract.records import UsageRow

QUESTIONS = Path(__file__).parent / "data" / "batch_questions.jsonl"
TASKS = [{"task": f"Write about harbour {n}."} for n in range(12)]


class WatchedBackend:
    """The backend of a client, which also counts what a batch asks of it."""

    def __init__(self, client: aijobs.AsyncClient) -> None:
        self._backend = client._backend
        self.sent: list[JobRequest] = []
        self.noted: list[int] = []
        """How many rows were completed, each time that whoever runs a batch noted how far it is."""
        self.awaited = self.most_awaited = 0
        self.breaks_at: int | None = None
        """The job, from 0, whose end is not heard of."""
        self.answers = True
        """Whether a submit comes back after the job was stored."""
        self.refuses_at: int | None = None
        """The request, from 0, that is refused although it passed the check."""
        self._refused: JobRequest | None = None
        self._unheard_of: set[UUID] = set()

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        numbered = dict(enumerate(requests, start=len(self.sent)))
        if self.refuses_at in numbered:
            self._refused, self.refuses_at = numbered[self.refuses_at], None
        if any(request is self._refused for request in requests):
            raise InvalidRequestError("Too many jobs. Try again in a minute.")
        jobs = await self._backend.submit(requests)
        self._unheard_of |= {job.id for n, job in zip(numbered, jobs, strict=True) if n == self.breaks_at}
        self.sent += requests
        if not self.answers:
            await asyncio.Event().wait()
        return jobs

    async def ended(self, job_id: UUID) -> Job:
        self.awaited += 1
        self.most_awaited = max(self.most_awaited, self.awaited)
        try:
            job: Job = await self._backend.ended(job_id)
            if job_id in self._unheard_of:
                raise ConnectionResetError("The line is dead.")
            return job
        finally:
            self.awaited -= 1

    async def hold_batch(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        if hold.standing is not None:
            self.noted.append(hold.standing.completed)
        return await self._backend.hold_batch(batch_id, hold)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class LateBackend(WatchedBackend):
    """One whose submits are answered a while after the jobs were stored."""

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        jobs = await super().submit(requests)
        await asyncio.sleep(1)
        return jobs


PARAMETERS = frozenset({"system", "temperature", "max_tokens", "seed", "top_p", "output_schema"})


def a_batch(backend: Any, rows: Any = TASKS, *, prompt: Any = "{task}", **options: Any) -> AsyncBatch:
    parameters = {name: options.pop(name) for name in PARAMETERS & options.keys()}
    return AsyncBatch(backend, rows, prompt=prompt, parameters=parameters, **({"model": "gpt-5.2"} | options))


def billed(rows: Sequence[UsageRow]) -> Decimal:
    """Return what these rows of usage come to."""
    return sum((row.credits_used for row in rows), Decimal(0))


async def until(condition: Callable[[], object]) -> None:
    """Wait in virtual time."""
    while not condition():  # noqa: ASYNC110 - what is asked about tells nobody
        await asyncio.sleep(0.01)
