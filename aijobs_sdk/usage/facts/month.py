"""What a month cost, as facts. A report is made once and then only shown: a closed month shows what was kept of it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.facts.costs import DocumentCost, ProviderCost, Waste
from aijobs_sdk.usage.facts.owed import Anomaly, BudgetStanding, Forecast, PlanStatement
from aijobs_sdk.usage.facts.totals import (
    Correction,
    DailyCredits,
    Division,
    MonthBefore,
    Spread,
    UsageGroup,
    UsageTotals,
)
from aijobs_sdk.usage.facts.trust import DataQuality, JobReconciliation


class MonthFacts(Fact):
    """What one month cost. The credits of `groups` add up to the total, to the last digit."""

    month: str
    timezone: str
    """In which days are reckoned."""
    status: Literal["open", "closed"]
    version: int = 0
    """How often the month was closed so far; of an open one, before."""
    as_of: AwareDatetime
    """When the report was made; of a closed month, when it was closed."""
    data_until: AwareDatetime | None
    """The newest row in it."""
    digest: str | None = None
    """Of a closed month: over all its rows. `usage.verify_month()` reckons it anew."""
    by: tuple[str, ...]
    totals: UsageTotals
    groups: tuple[UsageGroup, ...]
    """Dearest first, then by key."""
    divisions: tuple[Division, ...]
    """By tenant, user, model, provider, type and day; days in their order, others dearest first."""
    daily: tuple[DailyCredits, ...]
    spreads: tuple[Spread, ...]
    before: MonthBefore | None
    corrections: tuple[Correction, ...]
    cost: ProviderCost
    waste: Waste
    documents: DocumentCost
    statements: tuple[PlanStatement, ...] = ()
    budgets: tuple[BudgetStanding, ...] = ()
    forecast: Forecast | None = None
    """Of an open month with enough behind it."""
    anomalies: tuple[Anomaly, ...] = ()
    jobs: JobReconciliation | None = None
    """None: no records of jobs were given."""
    quality: DataQuality
