"""A run through the vendors' own batches: rows are sent in chunks, round by round, and taken in as those end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from decimal import Decimal

from aijobs_sdk.batch.economy.chunk_sending import ChunkSender
from aijobs_sdk.batch.economy.chunks import Chunk, Chunks, Part, under_way
from aijobs_sdk.batch.keeping.outcome import Outcome
from aijobs_sdk.batch.running.chunk_jobs import has_tries_left, unpacked
from aijobs_sdk.batch.running.course import Course, cost_of_job
from aijobs_sdk.batch.running.run import MOST_REFUSALS, NOBODYS_FAULT, WORKER_LOST, Run
from aijobs_sdk.batch.running.sending import as_sent
from aijobs_sdk.batch.running.steps import Ask, next_step
from aijobs_sdk.batch.running.work import read_work
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import AdmissionError, InvalidRequestError
from aijobs_sdk.contract.job import Job

CHUNKS_AT_ONCE = 16
"""Under way at the same time: what is known of their rows is in memory."""


class EconomyRun(Run):
    """Sends rows in chunks until none is left, or until something ends it early.

    What a row is asked next, such as the second turn of a conversation, goes with the chunks of the next round. A run
    that is halted leaves its chunks where they are: their vendors work on, and the next run takes in what has come.
    """

    _chunks: ChunkSender
    _rounds: asyncio.Task[None] | None = None
    _has_sent = False
    """Whether this round had something to send, or to wait for."""
    _lacking: Decimal | None = None
    """What the row may cost for which there was no room in the budget of this round."""

    async def go(self) -> None:
        """Return when every row is over, or as soon as it is halted."""
        if self.reason is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._take_back()
        self._sender = self._chunks = ChunkSender.of(self._sender)
        deadline = self._loop.create_task(self._watch_deadline())
        self._rounds = self._loop.create_task(self._go_through_rounds())
        try:
            await asyncio.wait([self._rounds])
            if not self._rounds.cancelled():
                self._rounds.result()
        finally:
            deadline.cancel()
            self._rounds.cancel()
            await asyncio.wait([self._rounds])

    def halt(self, reason: str) -> None:
        """Send no more rows, and wait for none; one that is cancelled waits for those that stop."""
        super().halt(reason)
        if self._rounds is not None and self.reason:
            self._rounds.cancel()

    @property
    def can_take_up(self) -> bool:
        """Whether rows that are over now would be sent again."""
        return self._rounds is not None and not self._rounds.done() and self.reason is None

    def take_up(self, rows: Sequence[int]) -> None:
        """Send these rows again, which were over: the next round finds them open."""

    async def _watch_deadline(self) -> None:
        if self._options.deadline is not None:
            await asyncio.sleep(self._options.deadline)
            self.halt(f"The deadline of {self._options.deadline:g} s is over.")

    async def _go_through_rounds(self) -> None:
        while self.reason is None and next(self._ledger.unfinished(), None) is not None:
            lacking = await self._go_through_one()
            if lacking is not None:
                self.halt(self._budget.used_up(lacking))

    async def _go_through_one(self) -> Decimal | None:
        """Send what can be sent, and wait for it; return what a row may cost where the budget was too small for any."""
        self._has_sent, self._lacking = False, None
        await self._take_through_chunks()
        return None if self._has_sent else self._lacking

    async def _take_through_chunks(self) -> None:
        taking = asyncio.Lock()
        async with aclosing(self._cut()) as chunks:
            try:
                async with asyncio.TaskGroup() as window:
                    for _ in range(CHUNKS_AT_ONCE):
                        window.create_task(self._work_on(chunks, taking))
            except BaseExceptionGroup as group:
                first = group.exceptions[0]
                raise first from first.__cause__  # as itself: the caller knows of no group

    async def _work_on(self, chunks: AsyncGenerator[Chunk], taking: asyncio.Lock) -> None:
        while self.reason is None or self._is_stopping:
            async with taking:
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            await self._take_through_chunk(chunk)

    async def _cut(self) -> AsyncGenerator[Chunk]:
        """Yield the chunks of a round: those under way first, and of the others as many as the budget allows."""
        for chunk in under_way(self._parts([index for index, course in self._courses.items() if course.job_id])):
            yield chunk
        cutting = Chunks()
        for part in self._parts(self._not_sent()):
            if (full := cutting.add(part)) is not None and await self._may_be_sent(full):
                yield full
        for chunk in cutting.rest():
            if await self._may_be_sent(chunk):
                yield chunk

    def _not_sent(self) -> Iterator[int]:
        for index in self._ledger.unfinished():
            if self.reason is not None or self._lacking is not None or not self._knows_the_most:
                return
            course = self._courses.get(index)
            if course is None or course.job_id is None:
                yield index

    def _parts(self, indices: Iterable[int]) -> Iterator[Part]:
        """Yield what is asked for rows."""
        for index in indices:
            course, item = self._courses.get(index) or self._begin(index), self._ledger.item(index)
            step = next_step(item, course.jobs, self._output_model)
            if isinstance(step, Ask):
                yield Part(course, course.work(item.key, step.step), as_sent(step.payload))
            else:
                self._settle(course, step)

    async def _may_be_sent(self, chunk: Chunk) -> bool:
        """Set aside what a chunk may cost, and leave rows out for which there is no room; return whether any stay."""
        if self._budget.cap is None:
            self._unreserved.update(part.course.index for part in chunk.parts)
        elif self.reason is None and self._knows_the_most:
            mosts = await self._priced(chunk)
            chunk.parts = [part for part, most in zip(chunk.parts, mosts, strict=True) if self._reserve(part, most)]
        return self.reason is None and self._knows_the_most and bool(chunk.parts)

    @property
    def _knows_the_most(self) -> bool:
        """Whether it is known, where there is a budget, what those under way may cost; else more is sent later."""
        return self._budget.cap is None or not self._unreserved

    async def _priced(self, chunk: Chunk) -> Sequence[Decimal]:
        while chunk.parts:
            try:
                return await self._chunks.mosts([part.payload for part in chunk.parts])
            except InvalidRequestError as error:
                await self._settle_those_refused(chunk, error)
        return ()

    def _reserve(self, part: Part, most: Decimal) -> bool:
        if self._lacking is None and self._budget.reserve(most):
            part.course.reserved = most
            part.payload.setdefault("max_credits", most)
            return True
        self._lacking = self._lacking or most
        return False

    async def _take_through_chunk(self, chunk: Chunk) -> None:
        if chunk.job_id is None and not await self._send_chunk(chunk):
            return
        self._has_sent = True
        since = self._loop.time()
        job = await self._sender.over(chunk.quickest)
        self._take_in(chunk, job, waited=self._loop.time() - since)

    async def _send_chunk(self, chunk: Chunk) -> bool:
        """Return whether it is under way now."""
        try:
            while chunk.parts and self.reason is None:
                try:
                    await self._chunks.send_chunk(chunk)
                except AdmissionError as full:
                    await self._wait_for_a_change(full.retry_after_seconds)
                except InvalidRequestError as error:  # such as a later turn that is too long
                    await self._settle_those_refused(chunk, error)
                else:
                    break
        except Exception:
            self._give_back_all(chunk)
            raise
        if chunk.job_id is None:
            self._give_back_all(chunk)
        elif self._is_stopping:  # cancel() was called while nobody knew the job's id
            await self._sender.stop(chunk.parts[0].course)
        return chunk.job_id is not None

    def _give_back_all(self, chunk: Chunk) -> None:
        for part in chunk.parts:
            self._give_back(part.course)

    async def _settle_those_refused(self, chunk: Chunk, error: InvalidRequestError) -> None:
        """Settle the rows of a chunk for which it was refused: all of them, where that is not for one of them."""
        found = await self._chunks.refusals(chunk)
        for place, part in enumerate(chunk.parts):
            if place in found or not found:
                self._give_back(part.course)
                self._settle_refused(part.course, found.get(place, error))
        chunk.parts = [part for place, part in enumerate(chunk.parts) if found and place not in found]

    def _take_in(self, chunk: Chunk, job: Job, *, waited: float) -> None:
        ends = {read_work(one.idempotency_key): one for one in unpacked(job)}
        for part in chunk.parts:
            self._note_end(part.course, ends[part.work], waited)

    def _note_end(self, course: Course, job: Job, waited: float) -> None:
        self._give_back(course, cost_of_job(job))
        if self._is_to_be_asked_again(course, job):
            course.again()
            return
        course.answered(job, waited=waited)
        step = next_step(self._ledger.item(course.index), course.jobs, self._output_model)
        if isinstance(step, Outcome):
            self._settle(course, step)

    def _is_to_be_asked_again(self, course: Course, job: Job) -> bool:
        """Return whether what ended a job says nothing about its row, or may pass."""
        error = job.error
        if error is None:
            return False
        if (self._is_stopping or course.is_stopped) and job.cancelled():
            return True
        if error.category in NOBODYS_FAULT:
            self.halt(f"{error.message} Mend that: no row has failed of it.")
            return True
        if error.category is ErrorCategory.RATE_LIMIT or error.code == WORKER_LOST:
            course.refusals += 1
            return course.refusals <= MOST_REFUSALS
        return has_tries_left(job)
