"""A store with months to close: rows read into it as exports, and what a month is billed at, in plain facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from aijobs_sdk.usage.closing.months import close_month
from aijobs_sdk.usage.facts.costs import DocumentCost, ProviderCost, Waste
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import UsageTotals
from aijobs_sdk.usage.facts.trust import DataQuality
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from usage.usage_rows import Text, csv_text, text_row, write

NOW = datetime(2026, 6, 1, tzinfo=UTC)
"""When all months up to May are over."""


def row_of(month: str, number: int = 1, **changes: str) -> Text:
    """Return a valid row used in `month`."""
    return text_row(number, month_year=month, created_at=f"{month}-22T10:15:00Z", **changes)


def read(store: UsageStore, folder: Path, *rows: Text) -> None:
    """Read `rows` as one more export."""
    ingest(store, write(folder, f"{uuid4()}.csv", csv_text(rows)))


def close(store: UsageStore, month: str, *, now: datetime = NOW) -> None:
    """Close `month` with plain facts."""
    close_month(store, month, reckoning(store, month), now=now)


def reckoning(store: UsageStore, month: str) -> Callable[[], MonthFacts]:
    """Return what reckons the facts of `month`: its totals, and nothing else."""
    return lambda: facts_of(month, totals(store, month))


def totals(store: UsageStore, month: str) -> UsageTotals:
    """Return what `month` is billed at."""
    [found] = store.ask(
        """
        SELECT coalesce(sum(quantity), 0)::BIGINT AS rows, coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
            coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
            coalesce(sum(credits_used), 0)::DECIMAL(38,6) AS credits, sum(metered_credits) AS metered_credits
        FROM entry WHERE billing_month = $month
        """,
        {"month": month},
    )
    return UsageTotals.model_validate(found)


def billed(store: UsageStore) -> dict[str, Decimal]:
    """Return the credits of each month that is billed for anything."""
    found = store.ask("SELECT billing_month, sum(credits_used) FROM entry GROUP BY ALL ORDER BY ALL")
    return {str(month): Decimal(str(credits_sum)) for month, credits_sum in found.cells}


def facts_of(month: str, month_totals: UsageTotals) -> MonthFacts:
    """Return the facts of an open month of which only the totals are known."""
    return MonthFacts(
        month=month,
        timezone="UTC",
        status="open",
        as_of=NOW,
        data_until=None,
        by=(),
        totals=month_totals,
        groups=(),
        divisions=(),
        daily=(),
        spreads=(),
        before=None,
        corrections=(),
        cost=ProviderCost(usd=Decimal(0), priced=(), unpriced=(), price_version="prices of 2026-06"),
        waste=_NO_WASTE,
        documents=DocumentCost(documents=0, credits=Decimal(0), credits_per_document=None),
        quality=DataQuality(files=0, rows_read=0, kept=0, duplicates=0, quarantined=0),
    )


_NO_WASTE = Waste(
    attempts=None,
    retried_attempts=0,
    jobs_known=False,
    failed_jobs=0,
    cancelled_jobs=0,
    wasted_credits=Decimal(0),
    unattributed_credits=Decimal(0),
    retry_cost_estimate=Decimal(0),
    failures=(),
    costliest=(),
)
