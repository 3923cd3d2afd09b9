"""Exports read into a store, and what it then says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aijobs_sdk.usage.facts.totals import UsageTotals
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore


def read(
    sources: str | Path | Iterable[str | Path], *, timezone: str = "UTC", strict_months: bool = False
) -> UsageStore:
    """Return a new store that holds what `sources` say."""
    store = UsageStore(timezone=timezone)
    ingest(store, sources, strict_months=strict_months)
    return store


def bill(store: UsageStore, month: str = "2026-01") -> UsageTotals:
    """Return what a month adds up to."""
    (totals,) = store.ask(
        """
        SELECT
            coalesce(sum(quantity), 0)::BIGINT AS rows, coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
            coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens, coalesce(sum(credits_used), 0) AS credits,
            sum(metered_credits) AS metered_credits
        FROM usage
        WHERE billing_month = $month
        """,
        {"month": month},
    )
    return UsageTotals.model_validate(totals)


def set_aside(store: UsageStore) -> list[tuple[object, object]]:
    """Return line and reason of every row that was set aside, in order."""
    return [
        (line, reason) for line, reason in store.ask("SELECT line, reason FROM quarantine ORDER BY file_id, row").cells
    ]
