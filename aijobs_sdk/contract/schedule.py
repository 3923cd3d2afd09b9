"""Jobs that come again and again: what was asked, and when the next one is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from aijobs_sdk.contract.job import JobRequest, Priority
from aijobs_sdk.contract.model import Fact, StoredJson
from aijobs_sdk.contract.plain_text import OneLine

LONGEST_NAME = 100


def _no_step(name: str) -> str:
    if name in {".", ".."}:
        raise ValueError("must not be `.` or `..`, which no address can end with")
    return name


ScheduleName = Annotated[OneLine, AfterValidator(_no_step), Field(max_length=LONGEST_NAME)]


class ScheduleRequest(Fact):
    """What a caller asks for, before anything about it was checked."""

    name: ScheduleName
    """What the tenant calls it; a new schedule takes the place of one of the same name."""
    cron: str
    """Minute, hour, day of month, month, day of week: `0 3 * * mon-fri`."""
    timezone: str = "UTC"
    """Whose clock `cron` means, such as `Europe/Berlin`; an hour that summer time skips is made up for after it."""
    job: JobRequest


class Schedule(Fact):
    """A job that is submitted whenever its time has come."""

    tenant_id: UUID
    user_id: UUID
    name: str
    cron: str
    timezone: str
    type: str
    payload: Mapping[str, StoredJson] = Field(repr=False)
    priority: Priority
    max_attempts: int
    next_run_at: datetime
    """When the next job is submitted; times that went by while no worker was there are made up for once."""
    waiting_since: datetime | None = None
    """The time that could not be submitted when it was due, and is tried again at `next_run_at`; None: none waits."""
    last_run_at: datetime | None = None
    """The time that the last job was for."""
    last_job_id: UUID | None = None
    """None too where the last time came to no job: the log of the worker says why."""
    created_at: datetime

    @property
    def due_at(self) -> datetime:
        """The time that the next job is for, whenever it is submitted."""
        return self.waiting_since or self.next_run_at
