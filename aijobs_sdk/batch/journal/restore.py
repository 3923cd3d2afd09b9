"""From the jobs of a journal to where a batch stands: what is over, what is under way, what it has cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.keeping.outcome import Outcome, paid_for
from aijobs_sdk.batch.row import RowStatus
from aijobs_sdk.batch.running.chunk_jobs import has_tries_left, unpacked
from aijobs_sdk.batch.running.course import Course, Courses, cost_of_job, seconds_of
from aijobs_sdk.batch.running.run import MOST_REFUSALS, NOBODYS_FAULT, WORKER_LOST
from aijobs_sdk.batch.running.sending import too_slow
from aijobs_sdk.batch.running.steps import Ask, next_step
from aijobs_sdk.batch.running.work import Work, read_work
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.job import Job


@dataclass(slots=True)
class _Found:
    """The jobs of one row, the newest of each step."""

    copy: int
    cancelled: Collection[str]
    """Jobs of the batch that somebody cancelled by themselves."""
    steps: dict[str, tuple[int, Job]] = field(default_factory=dict)
    """By step: which retry it was, and the job."""
    given_up: list[Job] = field(default_factory=list)
    """Those that were asked for anew."""
    refusals: Counter[str] = field(default_factory=Counter)
    """By step: how many of its jobs were sent away, since failed rows were last asked again."""

    def add(self, work: Work, job: Job, *, is_refusal: bool) -> None:
        retry, known = self.steps.setdefault(work.step, (work.retry, job))
        if work.retry > retry:
            self.steps[work.step] = (work.retry, job)
        if known is not job:
            self.given_up.append(known if work.retry > retry else job)
        self.refusals[work.step] += is_refusal


@dataclass(slots=True)
class Restored:
    """What a journal knows of a run, beside the rows that are over."""

    courses: Courses = field(default_factory=Courses)
    spent: Decimal = Decimal(0)
    """By all jobs of the batch, also those of rows that have changed since."""
    unwatched: Decimal = Decimal(0)
    """What those of such rows may cost that are under way."""


async def restore(
    jobs: AsyncIterable[Job],
    ledger: Ledger,
    output_model: type[BaseModel] | None,
    *,
    cancelled: Collection[str] = (),
    retry_failed_until: datetime | None = None,
    row_timeout: float | None = None,
) -> Restored:
    """Settle the rows of a ledger that these jobs have answered; return what is known of the others.

    Of jobs that were `cancelled` by their ids their rows have failed, of others only their run has ended. Rows that
    failed at `retry_failed_until` or before are open.
    """
    restored = Restored()
    found: dict[int, _Found] = {}
    asked_anew: dict[int, int] = {}  # which retry answered a row: older answers were paid for as well
    async for job in _each(jobs):
        restored.spent += cost_of_job(job)
        work = read_work(job.idempotency_key)
        index = None if work is None else ledger.find(work.key, work.copy)
        if work is None or index is None:
            restored.unwatched += Decimal(0) if job.is_final else _reserved(job)
            continue
        if ledger.is_over(index):
            if index in asked_anew and (work.step or work.retry < asked_anew[index]):
                ledger.settle(index, ledger.reopen(index).after(paid_for(job)))
            continue
        if index not in found and _settles_at_once(ledger, index, work, job, output_model):
            if work.retry:
                asked_anew[index] = work.retry
            continue
        is_refusal = _is_refusal(job) and not _ended_by(job.completed_at, retry_failed_until)
        found.setdefault(index, _Found(work.copy, cancelled)).add(work, job, is_refusal=is_refusal)
    for index, row in found.items():
        course = restored.courses.begin(index, copy=row.copy)
        for job in row.given_up:
            course.give_up(job)
        outcome = _walk(ledger.item(index), course, row, output_model, row_timeout)
        if outcome is None:
            course.seconds_taken = 0.0  # while no run was there, time does not count
            continue
        for _, job in row.steps.values():  # such as a second asking, for which this `output_model` has no need
            course.give_up(job)
        outcome = outcome.after(course.given_up)
        course.failed()
        if not _is_to_be_retried(outcome, retry_failed_until):
            ledger.settle(index, outcome)
            restored.courses.set_aside(course)
    return restored


async def _each(jobs: AsyncIterable[Job]) -> AsyncIterator[Job]:
    """Yield one job a row, also of those that were sent together."""
    async for job in jobs:
        for one in unpacked(job):
            yield one


def _settles_at_once(ledger: Ledger, index: int, work: Work, job: Job, output_model: type[BaseModel] | None) -> bool:
    """Return whether the newest job of a row is all that there is to know of it, as it mostly is."""
    if work.step or job.result is None:
        return False
    step = next_step(ledger.item(index), [job], output_model)
    if isinstance(step, Ask) or step.status is not RowStatus.COMPLETED:
        return False
    ledger.settle(index, step)
    return True


def _walk(
    item: Item, course: Course, row: _Found, output_model: type[BaseModel] | None, row_timeout: float | None
) -> Outcome | None:
    """Go through the steps of a row as a run would have; return what became of it, None where it is not over.

    Those that were not come to are left in `row`.
    """
    while isinstance(step := next_step(item, course.jobs, output_model), Ask):
        seconds_left = None if row_timeout is None else _seconds_left(row_timeout, course)
        course.retry, job = row.steps.pop(step.step, (0, None))
        course.refusals = row.refusals[step.step]
        if job is None:
            return None
        if not job.is_final:
            course.job_id, course.reserved = job.id, _reserved(job)
            return None
        was_alone = job.cancelled() and str(job.id) in row.cancelled
        said_nothing = not was_alone and (_said_nothing(job, seconds_left) or has_tries_left(job))
        if course.refusals <= MOST_REFUSALS and said_nothing:
            course.again()
            return None
        course.answered(job if row_timeout is None or was_alone or not job.cancelled() else too_slow(job, row_timeout))
    return step


def _seconds_left(row_timeout: float, course: Course) -> float:
    """Return how long a step could take; all that a row may, where those before it took longer than that.

    They were under way while no run was there, and how long that was nobody knows.
    """
    left = row_timeout - course.seconds_taken
    return left if left > 0 else row_timeout


def _said_nothing(job: Job, seconds_left: float | None) -> bool:
    """Return whether the end of a job says nothing about its row: nor does one that was cancelled with its batch."""
    if job.error is None:
        return False
    if job.cancelled():
        return seconds_left is None or seconds_of(job) < seconds_left
    return job.error.category in NOBODYS_FAULT or _is_refusal(job)


def _is_refusal(job: Job) -> bool:
    """Return whether a job was sent away: its row has failed of that only when it happens again and again."""
    return job.error is not None and (job.error.category is ErrorCategory.RATE_LIMIT or job.error.code == WORKER_LOST)


def _is_to_be_retried(outcome: Outcome, until: datetime | None) -> bool:
    return outcome.status is RowStatus.FAILED and _ended_by(outcome.ended_at, until)


def _ended_by(ended_at: datetime | None, until: datetime | None) -> bool:
    return until is not None and ended_at is not None and ended_at <= until


def _reserved(job: Job) -> Decimal:
    """Return what a job under way may cost, where it is held to that."""
    most = job.payload.get("max_credits")
    return Decimal(0) if most is None else Decimal(str(most))
