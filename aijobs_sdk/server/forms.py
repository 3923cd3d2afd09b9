"""The bodies of requests and answers, where they are not a fact of the contract as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import Job, JobQuery, JobRequest
from aijobs_sdk.contract.model import Fact, unchecked
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Image, LineageEvent
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.server.limits import MAX_SEQ
from aijobs_sdk.server.problems import Problem

NO_NUL = r"^[^\x00]*$"


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("Must be within the calendar") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time, with its zone."""
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
"""The number of the last event that was seen; 0 for none."""


class JobIn(Fact):
    """One job to be done."""

    type: str
    payload: Mapping[str, object]
    user_id: str | None = None
    """On whose behalf, when that is not the key's own user."""
    priority: str | None = None
    idempotency_key: str | None = None
    max_attempts: int | None = Field(default=None, le=2**31 - 1)
    run_at: Instant | None = None
    """Not before this instant."""
    batch_id: UUID | None = None
    """The batch that this is a row of."""
    draw_key: str | None = Field(default=None, max_length=1000, pattern=NO_NUL)
    """What the draws of a simulated world hang on."""

    def request(self, *, key: str | None = None) -> JobRequest:
        """Return what is asked for; `key` counts where this names no idempotency key of its own."""
        return _request(
            type=self.type,
            payload=self.payload,
            user_id=self.user_id,
            priority=self.priority,
            idempotency_key=key if self.idempotency_key is None else self.idempotency_key,
            max_attempts=self.max_attempts,
            run_at=self.run_at,
            batch_id=self.batch_id,
            draw_key=self.draw_key,
        )


_request = unchecked(JobRequest)


class JobsIn(Fact):
    """Many jobs to be done."""

    jobs: list[JobIn] = Field(min_length=1)


class LookupIn(Fact):
    """Jobs by their ids."""

    ids: list[UUID]


class FollowIn(Fact):
    """Jobs to be followed, each from the event after the one with this number on."""

    jobs: dict[UUID, Seq] = Field(min_length=1)


class ScheduleIn(Fact):
    """A job that comes again and again."""

    cron: str
    timezone: str = "UTC"
    job: JobIn


class JobsAsked(JobQuery):
    """Which jobs to list, by an address, and after a cursor that could be one."""

    model_config = ConfigDict(defer_build=False)  # as FastAPI builds parameters once and for all, and warns otherwise

    cursor: str | None = Field(default=None, max_length=100)


class LettersAsked(DeadLetterQuery):
    """Which dead letters to list, by an address, and within what every store can count."""

    model_config = ConfigDict(defer_build=False)  # as above

    offset: int = Field(default=0, ge=0, le=MAX_SEQ)


class Answer(Fact):
    """What a server answers; made of facts that were checked before."""

    model_config = ConfigDict(revalidate_instances="never")


class JobsOut(Answer):
    """Jobs, in the order they were sent."""

    jobs: list[Job]


class RefusalsOut(Answer):
    """What would be refused, by place."""

    refusals: dict[int, Problem]


class EstimatesOut(Answer):
    """What each job would cost, in the order they were sent."""

    estimates: list[Estimate]


class LookupOut(Answer):
    """Jobs as they stand, the ids of those that there are none of, and why others cannot be read."""

    jobs: list[Job]
    missing: list[UUID]
    unreadable: dict[UUID, Problem]
    rest: list[UUID]
    """Those that were not looked up: an answer is about as large as a request may be, and ends earlier where jobs are
    long."""


class ImagesOut(Answer):
    """The pictures that a job made."""

    images: list[Image]


class LineageOut(Answer):
    """A document's history, oldest first."""

    lineage: list[LineageEvent]


class DeadLettersOut(Answer):
    """What failed jobs left behind, newest first."""

    dead_letters: list[DeadLetter]
    next_offset: int | None
    """Where to go on: an answer is about as large as a request may be, and ends earlier where letters are long; null
    after the last letter."""


class SchedulesOut(Answer):
    """A tenant's schedules, by name."""

    schedules: list[Schedule]


class PurgedOut(Answer):
    """How many letters were deleted."""

    purged: int


class StatusOut(Answer):
    """Whether the server is there, or ready."""

    status: str


class NowOut(Answer):
    """What time it is."""

    now: datetime


class MissingOut(Answer):
    """A job that there is none of, or that cannot be read."""

    job_id: UUID
    problem: Problem | None = None
    """Why it cannot be read; left out where there is none."""
