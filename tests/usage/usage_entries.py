"""Rows put straight into a store, for tests of what is asked of it later."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.store import UsageStore


def entries(store: UsageStore, rows: Iterable[UsageRow], **columns: object) -> None:
    """Enter `rows`, each as it would be read from an export, but for the `columns` that all of them have otherwise.

    With kind="reversal" their numbers are negative.
    """
    sign = -1 if columns.get("kind") == "reversal" else 1
    with store.writing() as database:
        ((position,),) = database.execute("SELECT coalesce(max(position), 0) FROM entry").fetchall()
        for number, row in enumerate(rows, start=1):
            values = _values(row, store.timezone, sign) | {"position": position + number, "row": number} | columns
            names, marks = ", ".join(values), ", ".join(f"${name}" for name in values)
            database.execute(f"INSERT INTO entry ({names}) VALUES ({marks})", values)


def close(store: UsageStore, month: str) -> None:
    """Note that `month` is closed, and nothing of what it came to."""
    with store.writing() as database:
        database.execute(
            "INSERT INTO month_act BY NAME SELECT $month AS month, 'closed' AS act, 1 AS version,"
            " TIMESTAMP '2026-03-05' AS acted_at, '' AS reason",
            {"month": month},
        )


def _values(row: UsageRow, timezone: str, sign: int) -> dict[str, object]:
    metered = row.metadata.get("metered_credits")
    exported = dict(zip(EXPORT_COLUMNS, export_values(row), strict=True))
    del exported["schema_version"]
    told = ("cached_input_tokens", "attempts", "latency_seconds", "job_id", "document_id")
    return {
        **exported,
        **{name: row.metadata.get(name) for name in told},
        "economy": row.metadata.get("economy") is True,
        "kind": "usage",
        "quantity": sign,
        "input_tokens": sign * row.input_tokens,
        "output_tokens": sign * row.output_tokens,
        "credits_used": sign * row.credits_used,
        "metered_credits": sign * Decimal(str(metered)) if metered is not None else None,
        "billing_month": row.month_year,
        "created_at": row.created_at.replace(tzinfo=None),
        "day": row.created_at.astimezone(ZoneInfo(timezone)).date(),
        "file_id": 0,
    }
