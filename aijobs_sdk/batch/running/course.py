"""One row on its way: what was answered so far, and what is being waited for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from aijobs_sdk.batch.keeping.outcome import Outcome, paid_for
from aijobs_sdk.batch.running.work import Work
from aijobs_sdk.contract.job import Job


@dataclass(slots=True, eq=False)
class Course:
    """A row that is under way, or was when its run ended; the next run goes on with it."""

    index: int
    copy: int = 0
    """Which of the rows of its key it is, where each is sent alone."""
    jobs: list[Job] = field(default_factory=list)
    """Of the steps that were answered, in their order."""
    given_up: Outcome | None = None
    """What was paid for answers that were asked for anew."""
    job_id: UUID | None = None
    """The job that is under way; None where none is."""
    is_stopped: bool = False
    """Whether that job was asked to stop with its batch: that it was cancelled says nothing about the row."""
    retry: int = 0
    """How often the step that comes next was asked again after a failure."""
    last_retry: int = 0
    """The same of the last step that was answered."""
    refusals: int = 0
    """How often in a row a rate limit sent it away."""
    reserved: Decimal = Decimal(0)
    """What it may cost at most, of the budget."""
    seconds_taken: float = 0.0
    """By the steps that were answered since it was last begun, while a run was there."""

    def work(self, key: str, step: str) -> Work:
        """Return what its next job is called."""
        return Work(key, self.copy, step, self.retry)

    def sent(self, job: Job) -> None:
        """Note the job that is under way from now on."""
        self.job_id = job.id

    def again(self) -> None:
        """Let the step be asked once more, as a new job."""
        self.job_id, self.is_stopped = None, False
        self.retry += 1

    def answered(self, job: Job, *, waited: float = math.inf) -> None:
        """Note the end of a step; of the time that it took no more counts than a run has waited for it."""
        self.jobs.append(job)
        self.seconds_taken += min(seconds_of(job), waited)
        self.job_id, self.is_stopped, self.refusals = None, False, 0
        self.last_retry, self.retry = self.retry, 0

    def failed(self) -> None:
        """Go back before the last step: that one is asked again, should the row be retried."""
        self.give_up(self.jobs.pop())
        self.retry, self.refusals, self.seconds_taken = self.last_retry + 1, 0, 0.0

    def give_up(self, job: Job) -> None:
        """Note what was paid for a job that is, or was, asked for anew."""
        if (paid := paid_for(job)) is not None:
            self.given_up = paid.after(self.given_up)


class Courses(dict[int, Course]):
    """The rows that are under way, or were, by their index; those that failed since are apart, should they be retried.

    A batch is looked at while it runs, and failed rows may be many.
    """

    def __init__(self) -> None:
        super().__init__()
        self._failed: dict[int, Course] = {}

    def set_aside(self, course: Course) -> None:
        """Keep the course of a row that is over for now."""
        self._failed[course.index] = self.pop(course.index)

    def set_aside_as(self, earlier: Courses) -> None:
        """Keep the courses that were set aside earlier: a journal is not asked again about rows that are over."""
        self._failed = earlier._failed | self._failed

    def begin(self, index: int, *, copy: int) -> Course:
        """Return the course of a row that is to be sent: where it failed, another go."""
        course = self[index] = self._failed.pop(index) if index in self._failed else Course(index, copy)
        return course


def seconds_of(job: Job) -> float:
    """Return how long a job took from being sent to its end."""
    return 0.0 if job.completed_at is None else (job.completed_at - job.created_at).total_seconds()


def cost_of_job(job: Job) -> Decimal:
    """Return what a job's answer takes from a budget: what is billed or what was metered, whichever is more."""
    if job.result is None:
        return Decimal(0)
    return max(Decimal(str(job.result["credits_used"])), Decimal(str(job.result["metered_credits"])))
