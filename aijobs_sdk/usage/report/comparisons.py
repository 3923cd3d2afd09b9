"""A month held against its neighbours: the one before, and those whose late rows and corrections it bears."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from aijobs_sdk.contract.months import FIRST_MONTH, month_of, month_span
from aijobs_sdk.usage.facts.totals import Correction, MonthBefore, UsageTotals
from aijobs_sdk.usage.report.groups import month_totals
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

RATIO_PLACES = Decimal("0.000001")


def month_before(store: UsageStore, month: str, totals: UsageTotals) -> MonthBefore | None:
    """Return the month before `month`, which came to `totals`; None: nothing is billed in it."""
    first, _ = month_span(month)
    if month == FIRST_MONTH:
        return None
    before = month_of(first - timedelta(days=1))
    billed = month_totals(store, before)
    if not billed.rows and not billed.credits:
        return None
    return MonthBefore(month=before, totals=billed, credits_change=growth(billed.credits, totals.credits))


def growth(before: Decimal, now: Decimal) -> Decimal | None:
    """Return by which part `before` grew to `now`, to six places, half to even; None: it was nothing or less."""
    if before <= 0:
        return None
    return ((now - before) / before).quantize(RATIO_PLACES, ROUND_HALF_EVEN)


def corrections(store: UsageStore, month: str) -> tuple[Correction, ...]:
    """Return what `month` bears for others, by month and kind."""
    found = store.ask(statement("report/corrections"), {"month": month})
    return tuple(Correction.model_validate(row) for row in found)
