"""From a request to a schedule, and from one time to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Caller, JobRequest
from aijobs_sdk.contract.schedule import Schedule, ScheduleRequest
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.new_job import new_job

FIELDS = 5
"""Of a cron expression: minute, hour, day of month, month, day of week."""


def checked_schedule(request: ScheduleRequest, *, caller: Caller, types: JobTypes, clock: Clock) -> Schedule:
    """Return the schedule that a request asks for, from now on.

    Raises:
        InvalidRequestError: a field cannot be used; it is named.
    """
    for field in ("run_at", "idempotency_key"):
        if getattr(request.job, field) is not None:
            raise _unusable(field, "is the schedule's to choose: leave it out")
    now = clock.now()
    job = new_job(request.job, caller=caller, types=types, clock=clock).job
    return Schedule(
        tenant_id=job.tenant_id,
        user_id=job.user_id,
        name=request.name,
        cron=request.cron,
        timezone=request.timezone,
        type=job.type,
        payload=job.payload,
        priority=job.priority,
        max_attempts=job.max_attempts,
        next_run_at=next_run(request.cron, request.timezone, after=now),
        created_at=now,
    )


def request_of(schedule: Schedule) -> JobRequest:
    """Return what to submit now that the schedule is due: asked for twice, or later, it is still one job."""
    time = f"schedule/{schedule.name}/{schedule.due_at:%Y-%m-%dT%H:%M:%SZ}"
    return JobRequest(
        type=schedule.type,
        payload=schedule.payload,
        user_id=schedule.user_id,
        priority=schedule.priority,
        max_attempts=schedule.max_attempts,
        idempotency_key=time,
        draw_key=time,
    )


def moved(schedule: Schedule, *, next_run_at: datetime, job_id: UUID | None) -> Schedule:
    """Return a schedule whose time came to this job, or to none."""
    return schedule.replace(
        next_run_at=next_run_at, waiting_since=None, last_run_at=schedule.due_at, last_job_id=job_id
    )


def postponed(schedule: Schedule, *, until: datetime) -> Schedule:
    """Return a schedule that is looked at again later, for the time that it is due now."""
    return schedule.replace(next_run_at=until, waiting_since=schedule.due_at)


def next_run(cron: str, timezone: str, *, after: datetime) -> datetime:
    """Return the first instant after another at which a cron expression is due, in UTC.

    Raises:
        InvalidRequestError: there is no such expression or zone.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # of a folder of zones, or a name that no file has
        raise _unusable("timezone", f"must be a time zone such as Europe/Berlin, got {shape_of(timezone)}") from None
    if (
        len(cron.split()) != FIELDS
    ):  # the library takes a sixth, for seconds: one star too many would be 86,400 jobs a day
        raise _not_five(cron, "it has another number of fields")
    try:
        due = (instant.astimezone(UTC) for instant in CronSim(cron, after.astimezone(zone)))
        # In an hour that comes twice, at the end of summer time, the library begins with what was due in the first.
        return next(instant for instant in due if instant > after)
    except (CronSimError, StopIteration) as error:
        raise _not_five(cron, str(error).lower() or "it never comes") from None


def _not_five(cron: str, why: str) -> InvalidRequestError:
    return _unusable("cron", f"must be five fields such as `0 3 * * mon-fri`, got {shape_of(cron)} ({why})")


def _unusable(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"Cannot make this schedule: `{field}` {problem}.", fields=[FieldProblem(field=field, problem=problem)]
    )
