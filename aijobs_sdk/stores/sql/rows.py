"""From facts to rows and back: the only code that knows how a fact is spread over columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import JsonValue, TypeAdapter
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.blocks import Block, BlockChange, Revision
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.events import JobEvent, dump_event_text, parse_event
from aijobs_sdk.contract.job import Job, JobState, Priority
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.records import DeadLetter, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.stores.sql.statements import Values
from aijobs_sdk.stores.sql.unreadable import Columns, of_job, problem_of

_RANKED = tuple(sorted(Priority, key=lambda priority: priority.rank))
_STATE_TEXT = {state: state.value for state in JobState}
"""Plain text: SQLite's driver looks for an adapter of every other kind of text."""
_job = unchecked(Job)
E = TypeVar("E", Document, LineageEvent, UsageRow, Image, Block, Revision, Suggestion)
"""What is left behind in a table of its own."""

FIXED = (
    "id",
    "tenant_id",
    "user_id",
    "type",
    "priority",
    "payload",
    "max_attempts",
    "idempotency_key",
    "fingerprint",
    "draw_key",
    "replay_of",
    "document_id",
    "batch_id",
    "created_at",
)
"""The columns of a job that stay as they are, in the order of `fixed_row()`."""
CHANGING = (
    "state",
    "queue",
    "run_at",
    "progress",
    "message",
    "attempts",
    "error",
    "errors",
    "task_id",
    "worker_id",
    "started_at",
    "fence",
    "lease_until",
    "overdue_at",
    "last_seq",
    "cancel_requested",
)
"""Those that change while the job lives, in the order of `changing_row()`."""
LAST = ("result", "completed_at")
"""Those that have a value only once the job has ended, in the order of `last_row()`."""


def fixed_row(record: JobRecord) -> Values:
    """Return the values of the columns in FIXED."""
    job = record.job
    return [
        job.id,
        job.tenant_id,
        job.user_id,
        job.type,
        job.priority.rank,
        json_text(job.payload),
        job.max_attempts,
        job.idempotency_key,
        record.fingerprint,
        _without_nul(record.draw_key),
        job.replay_of,
        job.document_id,
        job.batch_id,
        job.created_at,
    ]


def changing_row(record: JobRecord, *, queue: str | None) -> Values:
    """Return the values of the columns in CHANGING, for a job that stands in this queue."""
    job = record.job
    return [
        _STATE_TEXT[record.state],
        queue,
        record.run_at,
        job.progress,
        _without_nul(job.message),
        job.attempts,
        None if job.error is None else json_text(job.error),
        json_text(record.errors) if record.errors else "[]",
        job.task_id,
        job.worker_id,
        job.started_at,
        record.fence,
        record.lease_until,
        record.overdue_at,
        record.last_seq,
        record.cancel_requested,
    ]


def last_row(record: JobRecord) -> Values:
    """Return the values of the columns in LAST."""
    job = record.job
    return [None if job.result is None else json_text(job.result), job.completed_at]


@of_job("id")
def job_of_row(row: Columns) -> Job:
    """Return the job as everybody sees it."""
    return _job(
        id=row["id"],
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        type=row["type"],
        status=JobState(row["state"]).status,
        priority=_RANKED[row["priority"]],
        payload=from_json(row["payload"]),
        progress=row["progress"],
        message=row["message"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        result=None if row["result"] is None else from_json(row["result"]),
        error=None if row["error"] is None else ErrorInfo.model_validate_json(row["error"]),
        idempotency_key=row["idempotency_key"],
        task_id=row["task_id"],
        worker_id=row["worker_id"],
        replay_of=row["replay_of"],
        batch_id=row["batch_id"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )


@of_job("id")
def record_of_row(row: Columns) -> JobRecord:
    """Return all that the store keeps about the job."""
    return JobRecord(
        job=job_of_row(row),
        state=JobState(row["state"]),
        fingerprint=row["fingerprint"],
        draw_key=row["draw_key"],
        run_at=row["run_at"],
        fence=row["fence"],
        lease_until=row["lease_until"],
        overdue_at=row["overdue_at"],
        errors=() if row["errors"] == "[]" else _errors().validate_json(row["errors"]),
        last_seq=row["last_seq"],
        cancel_requested=row["cancel_requested"],
    )


EVENT = ("job_id", "seq", "data")


def event_row(event: JobEvent) -> Values:
    """Return the values of the columns in EVENT."""
    return [event.job_id, event.seq, dump_event_text(event)]


@of_job("job_id")
def event_of_row(row: Columns) -> JobEvent:
    """Return one entry of a log."""
    return parse_event(from_json(row["data"]))


def columns_of_dead_letter(letter: DeadLetter) -> Mapping[str, Any]:
    """Return the columns of a dead letter; its last error stands in columns of its own, too."""
    return letter.model_dump(exclude={"payload", "errors", "priority"}) | {
        "priority": letter.priority.rank,
        "payload": json_text(letter.payload),
        "draw_key": _without_nul(letter.draw_key),
        "errors": json_text(letter.errors),
        "category": letter.error.category.value,
        "provider": letter.error.provider,
        "region": letter.error.region,
    }


@of_job("job_id")
def dead_letter_of_row(row: Columns) -> DeadLetter:
    """Return the dead letter."""
    fields = {name: row[name] for name in DeadLetter.model_fields}
    return DeadLetter(
        **fields
        | {
            "priority": _RANKED[row["priority"]],
            "payload": from_json(row["payload"]),
            "errors": _errors().validate_json(row["errors"]),
        }
    )


def columns_of_schedule(schedule: Schedule) -> Mapping[str, Any]:
    """Return the columns of a schedule: they are named like its fields."""
    return dict(schedule) | {"priority": schedule.priority.rank, "payload": json_text(schedule.payload)}


def schedule_of_row(row: Columns) -> Schedule:
    """Return the schedule.

    Raises:
        UnreadableRecordError: it cannot be read.
    """
    try:
        return Schedule(**dict(row) | {"priority": _RANKED[row["priority"]], "payload": from_json(row["payload"])})
    except (ValueError, LookupError):
        raise UnreadableRecordError(f"Schedule {row['name']!r}", problem_of(row)) from None


_IN_TEXT = ("metadata", "configuration")
"""Fields of what is left behind that stand in one column as JSON."""


def columns_of_effect(
    effect: Document | LineageEvent | UsageRow | Image | Block | Revision | BlockChange | Suggestion,
) -> Mapping[str, Any]:
    """Return the columns of something that was left behind: they are named like its fields."""
    columns = {name: _without_nul(value) if isinstance(value, str) else value for name, value in vars(effect).items()}
    return columns | {name: json_text(columns[name]) for name in _IN_TEXT if columns.get(name) is not None}


def effect_of_row(kind: type[E], row: Columns) -> E:
    """Return something that was left behind.

    Raises:
        UnreadableRecordError: it cannot be read.
    """
    fields = {name: value for name, value in row.items() if name != "ordinal"}
    try:
        return kind(**fields | {name: from_json(fields[name]) for name in _IN_TEXT if fields.get(name) is not None})
    except (ValueError, TypeError):
        raise UnreadableRecordError(f"{kind.__name__} {row['id']}", problem_of(row)) from None


def json_text(value: JsonValue | object) -> str:
    """Return a value as it is kept in a column of text."""
    return to_json(value, inf_nan_mode="constants").decode()


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\ufffd")  # PostgreSQL's text has no place for it


@cache
def _errors() -> TypeAdapter[tuple[ErrorInfo, ...]]:
    return TypeAdapter(tuple[ErrorInfo, ...])
