"""How jobs stand: those who ask at the same time are answered by one request."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from functools import partial
from uuid import UUID

from pydantic_core import to_json

from aijobs_sdk.backends.http.answers import Object, listed_in, read_fact, read_facts, read_object, why_missing
from aijobs_sdk.backends.http.calls import Calls
from aijobs_sdk.backends.http.company import Company
from aijobs_sdk.backends.http.kept_jobs import KeptJobs
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.refusal import closed, of_another_job
from aijobs_sdk.contract.errors import AIJobsError, JobNotFoundError, UnreadableRecordError
from aijobs_sdk.contract.job import Job

MOST_IDS = 1_000
"""As many as a server looks up at once."""
GATHERING_SECONDS = 0.005
"""How long more are waited for while an answer is under way; somebody who asks alone does not wait."""

Waiting = list[tuple[UUID, asyncio.Future[Job]]]
Found = Mapping[UUID, Job | AIJobsError]
"""Jobs as they stand, and why others cannot be read."""


class Lookups:
    """Answers about single jobs, of one loop."""

    def __init__(self, calls: Calls, kept: KeptJobs) -> None:
        self._calls = calls
        self._kept = kept
        self._company = Company()
        self._waiting: Waiting = []
        self._asking: set[asyncio.Task[None]] = set()

    async def get(self, job_id: UUID) -> Job:
        """Return the job as it stands.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        if (kept := self._kept.get(job_id)) is not None:
            return kept
        answer: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._waiting.append((job_id, answer))
        if len(self._waiting) == 1:
            self._start(self._gather())
        return await answer

    def expect(self, jobs: Sequence[Job]) -> None:
        """Note that these were submitted together: who asks about one will ask about the next."""
        self._company.note([job.id for job in jobs])

    async def get_many(self, job_ids: Sequence[UUID]) -> Found:
        """Return those of these jobs that this tenant has."""
        found: dict[UUID, Job | AIJobsError] = {
            job_id: kept for job_id in job_ids if (kept := self._kept.get(job_id)) is not None
        }
        unknown = [job_id for job_id in job_ids if job_id not in found]
        if len(unknown) == 1:
            return {**found, **await self._look_at_one(unknown[0])}
        for start in range(0, len(unknown), MOST_IDS):
            found.update(await self._look_at(unknown[start : start + MOST_IDS]))
        return found

    async def aclose(self) -> None:
        """Ask nothing more, and let whoever waits for an answer know."""
        asking, self._asking = self._asking, set()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        unasked, self._waiting = self._waiting, []
        _fail(unasked, closed(self._calls.server))

    async def _gather(self) -> None:
        await asyncio.sleep(GATHERING_SECONDS if len(self._asking) > 1 else 0)
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), MOST_IDS):
            some = waiting[start : start + MOST_IDS]
            task = self._start(self._answer(some))
            for _, answer in some:
                answer.add_done_callback(partial(_end_unless_awaited, some, task))
            task.add_done_callback(partial(_pass_on, some, self._calls.server))

    async def _answer(self, waiting: Waiting) -> None:
        asked = list({job_id: None for job_id, _ in waiting})
        if len(asked) == 1:
            asked += [one for one in self._company.of(asked[0]) if self._kept.get(one) is None]
        jobs = await self.get_many(asked)
        for job_id, answer in waiting:
            if answer.done():
                continue
            match jobs.get(job_id):
                case Job() as job:
                    answer.set_result(job)
                case error:
                    answer.set_exception(error or JobNotFoundError(job_id))

    async def _look_at_one(self, job_id: UUID) -> Found:
        def read(body: bytes) -> Job:
            job = read_job(job_id, body)
            self._kept.keep(job, len(body))
            return job

        question = Question(method="GET", path="/api/jobs/{}", names=(job_id,), job_id=job_id)
        try:
            return {job_id: await self._calls.ask(question, read)}
        except (JobNotFoundError, UnreadableRecordError) as error:
            return {job_id: error}

    async def _look_at(self, job_ids: Sequence[UUID]) -> Found:
        """Return those that there are, of as many answers as they fill."""
        found: dict[UUID, Job | AIJobsError] = {}
        rest = job_ids
        while rest:
            question = Question(method="POST", path="/api/jobs/lookup", body=to_json({"ids": rest}))
            some, rest = await self._calls.ask(question, partial(self._read_some, frozenset(rest)))
            found.update(some)
        return found

    def _read_some(self, asked: Collection[UUID], body: bytes) -> tuple[Found, Sequence[UUID]]:
        answer = read_object(body)
        jobs = read_facts(Job, listed_in(answer, "jobs"))
        rest = [UUID(str(job_id)) for job_id in listed_in({"rest": [], **answer}, "rest")]
        if len(rest) >= len(asked):
            raise ValueError("nothing was looked up")
        if not all(job.id in asked for job in jobs):
            raise of_another_job()
        for job in jobs:
            self._kept.keep(job, len(body) // len(jobs))
        return {**{job.id: job for job in jobs}, **_unreadable_in(answer)}, rest

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="aijobs-lookup")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return task


def read_job(job_id: UUID, body: bytes) -> Job:
    """Return the record of this job, which is what an answer has to be.

    Raises:
        TryAgain: it is another's, which may be the work of a cache on the way.
        ValueError: it cannot be read.
    """
    job = read_fact(Job, read_object(body))
    if job.id != job_id:
        raise of_another_job()
    return job


def _unreadable_in(answer: Object) -> Mapping[UUID, AIJobsError]:
    match answer.get("unreadable"):
        case dict() as problems:
            return {(job_id := UUID(name)): why_missing(job_id, problem) for name, problem in problems.items()}
        case _:  # a server that does not tell them from those that there are none of
            return {}


def _end_unless_awaited(waiting: Waiting, task: asyncio.Task[None], _: asyncio.Future[Job]) -> None:
    if all(answer.done() for _, answer in waiting):
        task.cancel()


def _pass_on(waiting: Waiting, server: str, ended: asyncio.Task[None]) -> None:
    """Let those who wait know how it ended, where they do not know yet."""
    error = None if ended.cancelled() else ended.exception()
    _fail(waiting, error or closed(server))


def _fail(waiting: Waiting, error: BaseException) -> None:
    for _, answer in waiting:
        if not answer.done():
            answer.set_exception(error)
