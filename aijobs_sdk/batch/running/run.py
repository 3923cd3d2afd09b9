"""One run of a batch: every row that is not over is sent, within a window, a budget and a deadline, and collected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from pydantic import BaseModel

from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.keeping.outcome import Outcome, refused
from aijobs_sdk.batch.options import BatchOptions
from aijobs_sdk.batch.row import RowStatus
from aijobs_sdk.batch.running.budget import Budget
from aijobs_sdk.batch.running.chunk_jobs import has_tries_left, part_of
from aijobs_sdk.batch.running.course import Course, Courses, cost_of_job
from aijobs_sdk.batch.running.lanes import Lane, Lanes
from aijobs_sdk.batch.running.sending import Sender, as_sent
from aijobs_sdk.batch.running.steps import Ask, next_step
from aijobs_sdk.batch.running.stopping import AWAY, stop_jobs
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import AdmissionError, InvalidRequestError
from aijobs_sdk.contract.job import Job

NOBODYS_FAULT = frozenset({ErrorCategory.AUTHENTICATION, ErrorCategory.QUOTA})
"""What is wrong with the account, and would fail the next row as well."""
WORKER_LOST = "worker_lost"
"""How a job ends whose processes were all killed: that was not its row's fault."""
NOTHING = Decimal(0)
MOST_REFUSALS = 8
"""So many times in a row a rate limit may send a row away before that is how it failed."""
REST_SECONDS = 1.0
"""How long a model is left alone after a rate limit that does not say how long, or a store that is away."""


class Run:
    """Sends rows until none is left, or until something ends it early: `reason` says what.

    Cancelling `go()` leaves the rows that were sent running; their courses stay, and the next run goes on with them.
    """

    def __init__(
        self,
        sender: Sender,
        ledger: Ledger,
        *,
        options: BatchOptions,
        budget: Budget,
        courses: Courses,
        output_model: type[BaseModel] | None,
        tell: Callable[[Sequence[int]], None],
    ) -> None:
        self._sender = sender
        self._ledger = ledger
        self._options = options
        self._budget = budget
        self._courses = courses
        self._output_model = output_model
        self._tell = tell
        self._lanes = Lanes(options.concurrency)
        self._changed = asyncio.Event()
        self._workers = 0
        """How many are at work; while there is one, there may be more."""
        self._unreserved: set[int] = set()
        """Rows under way for which nothing is set aside, as there was no budget when they were sent."""
        self._is_stopping = False
        """Whether those under way were asked to stop."""
        self._cancelling: asyncio.Task[None] | None = None
        self.reason: str | None = None
        """Why it sends no more rows; empty where somebody wanted that, None while it does."""

    async def go(self) -> None:
        """Return when nothing is under way any more, and nothing is to be sent."""
        self._loop = asyncio.get_running_loop()
        self._take_back()
        self._fill_lanes()
        self._lanes.begin_with(await self._sender.rooms())
        deadline = self._loop.create_task(self._watch_deadline())
        try:
            async with asyncio.TaskGroup() as self._window:
                self._put_to_work()
        except BaseExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__  # as itself: the caller knows of no group
        finally:
            deadline.cancel()

    def halt(self, reason: str) -> None:
        """Send no more rows; those under way are waited for. The first reason counts, unless it is to be cancelled."""
        if self.reason is None or not reason:
            self.reason = reason
            self._stir()

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop."""
        self.halt("")
        await self._stop_those_under_way()

    async def _stop_those_under_way(self) -> None:
        self._is_stopping = True
        under_way = (course.job_id for course in self._courses.values() if course.job_id is not None)
        await stop_jobs(self._sender.backend, dict.fromkeys(under_way))  # a chunk is one job of many rows

    def cancel_soon(self) -> None:
        """Do so, without waiting for it; once more where that has failed, as while the store was away."""
        if self._cancelling is None or _has_failed(self._cancelling):
            self._cancelling = asyncio.create_task(self.cancel())

    @property
    def can_take_up(self) -> bool:
        """Whether rows that are over now would be sent again."""
        return self._workers > 0 and self.reason is None

    def take_up(self, rows: Sequence[int]) -> None:
        """Send these rows again, which were over; for a run that can."""
        for index in rows:
            self._lanes.of(self._ledger.model_of(index)).add(index)
        self._put_to_work()
        self._stir()

    def look_again(self) -> None:
        """Note that there may be more to spend than there was."""
        self._stir()

    def _take_back(self) -> None:
        """Take back what is set aside for rows of which no job was heard before an earlier run was interrupted."""
        for index, course in self._courses.items():
            if course.job_id is None:
                self._give_back(course)
                self._courses[index] = replace(course)  # it may be heard of still, by the one that was sent
            elif not course.reserved:
                self._unreserved.add(index)

    def _fill_lanes(self) -> None:
        under_way = {index for index, course in self._courses.items() if course.job_id is not None}
        unfinished = (index for index in self._ledger.unfinished() if index not in under_way)
        for index in (*under_way, *unfinished):  # those first, as they are running anyway
            self._lanes.of(self._ledger.model_of(index)).add(index)

    def _put_to_work(self) -> None:
        """Have so many at work as rows may be under way, and no more than there are rows for."""
        idle = self._lanes.total - self._workers
        for _ in range(min(idle, self._lanes.waiting)):
            self._workers += 1
            self._window.create_task(self._work())

    async def _work(self) -> None:
        try:
            while (lane := await self._next_lane()) is not None:
                index = lane.take()
                try:
                    await self._take_through(index, lane)
                finally:
                    lane.let_go()
                    self._stir()
        finally:
            self._workers -= 1

    async def _next_lane(self) -> Lane | None:
        """Return where the next row is, as soon as one may be sent; None when none is to be sent any more."""
        while self._lanes.waiting and self.reason is None:
            now = self._loop.time()
            if (lane := self._lanes.next(now)) is not None:
                return lane
            await self._wait_for_a_change(self._lanes.seconds_to_next(now))
        return None

    async def _take_through(self, index: int, lane: Lane) -> None:
        """Ask what is to be asked for a row until something has become of it, or it has to wait."""
        course = self._courses.get(index) or self._begin(index)
        item = self._ledger.item(index)
        while isinstance(step := next_step(item, course.jobs, self._output_model), Ask):
            try:
                if course.job_id is None and not await self._send(course, step, item.key):
                    lane.put_back(index)
                    return
            except AdmissionError as full:
                lane.rest(self._loop.time() + full.retry_after_seconds)
                lane.put_back(index)
                return
            except InvalidRequestError as error:  # such as a limit that the check did not meet
                self._settle_refused(course, error)
                return
            since = self._loop.time()
            job = part_of(await self._sender.over(course), course.work(item.key, step.step))
            if self._is_to_wait(course, job, lane):
                course.again()
                lane.put_back(index)
                return
            lane.has_answered = lane.has_answered or job.result is not None
            course.answered(job, waited=self._loop.time() - since)
        self._settle(course, step)

    def _begin(self, index: int) -> Course:
        return self._courses.begin(index, copy=self._ledger.copy_of(index))

    async def _send(self, course: Course, step: Ask, key: str) -> bool:
        """Return whether the step is under way now; without room in the budget it is not."""
        payload = as_sent(step.payload)
        if self._budget.cap is not None:
            most = await self._sender.most(payload)
            payload.setdefault("max_credits", most)
            if not await self._afford(course, most):
                return False
        else:
            self._unreserved.add(course.index)
        try:
            await self._sender.send(course, step.step, key, payload)
        except Exception:
            self._give_back(course)
            raise
        if self._is_stopping:  # cancel() was called while nobody knew the job's id
            await self._sender.stop(course)
        return True

    async def _afford(self, course: Course, most: Decimal) -> bool:
        """Set aside what a row may cost, as soon as others leave so much; False: they will not."""
        while self.reason is None:
            # Of those that began before there was a budget nobody can say what they will cost.
            if not self._unreserved and self._budget.reserve(most):
                course.reserved = most
                return True
            if not self._unreserved and not self._budget.reserved:
                self.halt(self._budget.used_up(most))
                return False
            await self._wait_for_a_change(None)
        return False

    def _give_back(self, course: Course, cost: Decimal = NOTHING) -> None:
        self._budget.settle(course.reserved, cost)
        self._unreserved.discard(course.index)
        course.reserved = NOTHING

    def _is_to_wait(self, course: Course, job: Job, lane: Lane) -> bool:
        """Return whether what ended a job says nothing about its row, which is to be sent again later."""
        self._give_back(course, cost_of_job(job))
        error = job.error
        if error is None:
            return False
        if (self._is_stopping or course.is_stopped) and job.cancelled():
            return True
        if error.category in NOBODYS_FAULT:
            self.halt(f"{error.message} Mend that: no row has failed of it.")
            return True
        course.refusals += 1
        if course.refusals > MOST_REFUSALS:
            return False
        if error.code == WORKER_LOST or has_tries_left(job):
            return True
        if error.category is not ErrorCategory.RATE_LIMIT:
            return False
        wait = error.details.get("retry_after_seconds")
        lane.rest(self._loop.time() + (float(wait) if isinstance(wait, int | float) else REST_SECONDS))
        return True

    def _settle(self, course: Course, outcome: Outcome) -> None:
        outcome = outcome.after(course.given_up)
        if outcome.status is RowStatus.FAILED:
            course.failed()
            self._courses.set_aside(course)
        else:
            del self._courses[course.index]
        self._note(course, outcome)

    def _settle_refused(self, course: Course, error: InvalidRequestError) -> None:
        """Settle a row whose next step was not taken: what was answered before is paid for, and stays."""
        turns = 1 + len(self._ledger.item(course.index).later_prompts)
        self._courses.set_aside(course)
        self._note(course, refused(error.code, error.message, course.jobs, turns=turns).after(course.given_up))

    def _note(self, course: Course, outcome: Outcome) -> None:
        rows = self._ledger.settle(course.index, outcome)
        self._tell(rows)
        if self._options.fail_fast and outcome.status is RowStatus.FAILED and outcome.error is not None:
            self.halt(f"Row {course.index + 1} (index {course.index}) failed: {outcome.error.message}")

    async def _watch_deadline(self) -> None:
        if self._options.deadline is None:
            return None
        await asyncio.sleep(self._options.deadline)
        self.halt(f"The deadline of {self._options.deadline:g} s is over.")
        while True:
            try:
                return await self._stop_those_under_way()
            except AWAY:
                await asyncio.sleep(REST_SECONDS)

    async def _wait_for_a_change(self, seconds: float | None) -> None:
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()

    def _stir(self) -> None:
        """Let everybody who waits look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
