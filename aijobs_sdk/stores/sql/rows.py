"""From facts to rows and back: the only code that knows how a fact is spread over columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import JsonValue, TypeAdapter
from pydantic_core import from_json, to_json
from sqlalchemy import RowMapping

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.events import JobEvent, dump_event, parse_event
from aijobs_sdk.contract.job import Job, JobState, Priority
from aijobs_sdk.contract.records import DeadLetter, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.engine.lifecycle import JobRecord

Row = dict[str, Any]

_RANKED = tuple(sorted(Priority, key=lambda priority: priority.rank))


def row_of_record(record: JobRecord, *, queue: str | None) -> Row:
    """Return the row of a job that stands in this queue."""
    job = record.job
    return row_of_changes(record, queue=queue) | {
        "tenant_id": job.tenant_id,
        "user_id": job.user_id,
        "type": job.type,
        "priority": job.priority.rank,
        "payload": _text(job.payload),
        "max_attempts": job.max_attempts,
        "idempotency_key": job.idempotency_key,
        "fingerprint": record.fingerprint,
        "draw_key": _without_nul(record.draw_key),
        "replay_of": job.replay_of,
        "created_at": job.created_at,
    }


def row_of_changes(record: JobRecord, *, queue: str | None) -> Row:
    """Return the columns that change while a job lives, and its id."""
    job = record.job
    return {
        "id": job.id,
        "state": record.state.value,
        "queue": queue,
        "run_at": record.run_at,
        "progress": job.progress,
        "message": _without_nul(job.message),
        "attempts": job.attempts,
        "result": None if job.result is None else _text(job.result),
        "error": None if job.error is None else _text(job.error),
        "errors": _text(record.errors) if record.errors else "[]",
        "task_id": job.task_id,
        "worker_id": job.worker_id,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "fence": record.fence,
        "lease_until": record.lease_until,
        "overdue_at": record.overdue_at,
        "last_seq": record.last_seq,
        "cancel_requested": record.cancel_requested,
    }


def job_of_row(row: RowMapping) -> Job:
    """Return the job as everybody sees it."""
    return Job(
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
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )


def record_of_row(row: RowMapping) -> JobRecord:
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


def row_of_event(event: JobEvent) -> Row:
    """Return the row of one entry of a log."""
    return {"job_id": event.job_id, "seq": event.seq, "data": _text(dump_event(event))}


def event_of_row(row: RowMapping) -> JobEvent:
    """Return one entry of a log."""
    return parse_event(from_json(row["data"]))


def row_of_dead_letter(letter: DeadLetter) -> Row:
    """Return the row of a dead letter; its last error stands in columns of its own, too."""
    return letter.model_dump(exclude={"payload", "errors", "priority"}) | {
        "priority": letter.priority.rank,
        "payload": _text(letter.payload),
        "draw_key": _without_nul(letter.draw_key),
        "errors": _text(letter.errors),
        "category": letter.error.category.value,
        "provider": letter.error.provider,
        "region": letter.error.region,
    }


def dead_letter_of_row(row: RowMapping) -> DeadLetter:
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


def row_of_effect(effect: Document | LineageEvent | UsageRow | Image) -> Row:
    """Return the row of something a job left behind: its fields are the columns."""
    row = {name: _without_nul(value) if isinstance(value, str) else value for name, value in effect}
    return row | {"metadata": _text(row["metadata"])} if "metadata" in row else row


def fields_of_effect(row: RowMapping) -> Mapping[str, Any]:
    """Return the fields of what a job left behind."""
    fields = {name: value for name, value in row.items() if name != "ordinal"}
    return fields | {"metadata": from_json(row["metadata"])} if "metadata" in fields else fields


def _text(value: JsonValue | object) -> str:
    return to_json(value, inf_nan_mode="constants").decode()


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\ufffd")  # PostgreSQL's text has no place for it


@cache
def _errors() -> TypeAdapter[tuple[ErrorInfo, ...]]:
    return TypeAdapter(tuple[ErrorInfo, ...])
