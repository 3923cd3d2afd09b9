"""Rows for a report, each of one day, and the store they are entered in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.store import UsageStore
from usage.usage_entries import entries
from usage.usage_rows import usage_row

JANUARY = "2026-01"


def used(number: int, amount: str, *, day: str = "2026-01-22", **changes: object) -> UsageRow:
    """Return row `number`, billed at `amount` credits at noon of `day`, in its month; `changes` of metadata, too."""
    fields = {name: changes.pop(name) for name in tuple(changes) if name in UsageRow.model_fields}
    noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)
    return usage_row(
        number,
        **{"credits_used": Decimal(amount), "created_at": noon, "month_year": day[:7], "metadata": changes, **fields},
    )


def enter_days(store: UsageStore, amounts: Mapping[date, Decimal], **columns: object) -> None:
    """Enter one row a day."""
    rows = [used(number, str(amount), day=day.isoformat()) for number, (day, amount) in enumerate(amounts.items(), 1)]
    entries(store, rows, **columns)


def enter_jobs(store: UsageStore, jobs: Sequence[Mapping[str, object]]) -> None:
    """Enter records of jobs that ended on 22 January, each with the columns it names."""
    plain = {"tenant_id": "acme", "user_id": "u1", "type": "text_generation", "model": "gpt-5.2", "error_code": None}
    at = datetime(2026, 1, 22, 10)
    with store.writing() as database:
        for job in jobs:
            values = {**plain, "created_at": at, "completed_at": at, **job}
            marks = ", ".join(f"${name}" for name in values)
            database.execute(f"INSERT INTO job ({', '.join(values)}) VALUES ({marks})", values)


def job_id(number: int) -> str:
    """Return the id of a job."""
    return str(UUID(int=number))
