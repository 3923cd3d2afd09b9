"""A whole month as facts, in which every section has something to say and all sums agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from aijobs_sdk.usage.facts.costs import (
    CostlyJob,
    DocumentCost,
    FailureCount,
    PricedModel,
    ProviderCost,
    UnpricedModel,
    Waste,
)
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.owed import Anomaly, BudgetStanding, Forecast, PlanStatement, TierLine
from aijobs_sdk.usage.facts.totals import (
    Correction,
    DailyCredits,
    Division,
    MonthBefore,
    Spread,
    UsageGroup,
    UsageTotals,
)
from aijobs_sdk.usage.facts.trust import DataQuality, JobDifference, JobReconciliation, Problem

PROVIDERS = {
    "gpt-5.2": "openai",
    "claude-sonnet-4.5": "anthropic",
    "claude-opus-4.5": "bedrock",
    "gemini-3-flash": "vertex",
    "our-own-7b": "in-house",
}
TENANTS = ("acme", "zeta", "initech", "umbrella")


@dataclass(frozen=True)
class Use:
    """What one tenant used of one model on one day."""

    tenant: str
    user: str
    model: str
    day: date
    rows: int
    credits: Decimal

    @property
    def keys(self) -> dict[str, str]:
        return {
            "tenant_id": self.tenant,
            "user_id": self.user,
            "model": self.model,
            "provider": PROVIDERS.get(self.model, "openai"),
            "query_type": "image_generation" if self.model == "our-own-7b" else "text_generation",
            "day": self.day.isoformat(),
        }


def january_uses() -> list[Use]:
    """Return a month with quiet week-ends, one model that begins late, and one that has few requests."""
    return [
        Use(tenant, f"{tenant}-user-{day % 3}", model, date(2026, 1, day), rows, rows * price)
        for day in range(1, 32)
        for t, tenant in enumerate(TENANTS)
        for m, model in enumerate(PROVIDERS)
        for rows in [(7 + day * (t + 2) * (m + 3) % 23) // (4 if (day + 3) % 7 in {5, 6} else 1) // (m // 3 + 1)]
        for price in [Decimal(f"{5 - m}.{t + 1}2345{m}")]
        if rows and (model != "gemini-3-flash" or day > 12)
    ]


def totals(uses: Iterable[Use]) -> UsageTotals:
    """Return what they add up to."""
    return UsageTotals.model_validate(_numbers(list(uses)))


def grouped(uses: Iterable[Use], *by: str) -> tuple[UsageGroup, ...]:
    """Return them divided by columns, dearest first."""
    groups: defaultdict[tuple[str, ...], list[Use]] = defaultdict(list)
    for use in uses:
        groups[tuple(use.keys[column] for column in by)].append(use)
    made = [
        UsageGroup.model_validate({"keys": dict(zip(by, keys, strict=True)), **_numbers(of)})
        for keys, of in groups.items()
    ]
    return tuple(sorted(made, key=lambda group: (-group.credits, *group.keys.values())))


def divided(uses: list[Use], by: str, *, shown: int = 20) -> Division:
    """Return them divided by one column, in the way of the report."""
    groups = grouped(uses, by)
    if by == "day":
        return Division(by=by, groups=tuple(sorted(groups, key=lambda group: group.keys[by])))
    rest = {group.keys[by] for group in groups[shown:]}
    return Division(
        by=by,
        groups=groups[:shown],
        rest=totals(use for use in uses if use.keys[by] in rest) if rest else None,
        rest_groups=len(rest),
    )


def month_facts(uses: list[Use] | None = None, **changes: object) -> MonthFacts:
    """Return the facts of January 2026, over `uses` if given, with `changes` to its fields."""
    uses = january_uses() if uses is None else uses
    total = totals(uses)
    facts = {
        "month": "2026-01",
        "timezone": "Europe/Berlin",
        "status": "closed",
        "version": 2,
        "as_of": datetime(2026, 2, 3, 9, 30, tzinfo=UTC),
        "data_until": datetime(2026, 1, 31, 22, 59, 58, tzinfo=UTC),
        "digest": "9f2c1e0b7a6d4c3b8a59687f6e5d4c3b2a190817263544536271809faebdccdb",
        "by": ("tenant_id", "model"),
        "totals": total,
        "groups": grouped(uses, "tenant_id", "model"),
        "divisions": tuple(
            divided(uses, by, shown=8) for by in ("tenant_id", "user_id", "model", "provider", "query_type", "day")
        ),
        "daily": _daily(uses),
        "spreads": SPREADS,
        "before": MonthBefore(
            month="2025-12", totals=BEFORE, credits_change=(total.credits - BEFORE.credits) / BEFORE.credits
        ),
        "corrections": CORRECTIONS,
        "cost": COST,
        "waste": WASTE,
        "documents": DocumentCost(
            documents=1_204, credits=Decimal("9631.204000"), credits_per_document=Decimal("7.999339")
        ),
        "statements": STATEMENTS,
        "budgets": _budgets(uses),
        "forecast": FORECAST,
        "anomalies": ANOMALIES,
        "jobs": JOBS,
        "quality": QUALITY,
    }
    return MonthFacts.model_validate(facts | changes)


def quiet_facts(**changes: object) -> MonthFacts:
    """Return the facts of a month without any usage."""
    nothing = {
        "status": "open",
        "version": 0,
        "digest": None,
        "data_until": None,
        "spreads": (),
        "before": None,
        "corrections": (),
        "cost": ProviderCost(usd=Decimal(0), priced=(), unpriced=(), price_version="built-in 2026-11"),
        "waste": NO_WASTE,
        "documents": DocumentCost(documents=0, credits=Decimal(0), credits_per_document=None),
        "statements": (),
        "budgets": (),
        "forecast": None,
        "anomalies": (),
        "jobs": None,
        "quality": DataQuality(files=0, rows_read=0, kept=0, duplicates=0, quarantined=0),
    }
    return month_facts([], **(nothing | changes))


def _numbers(uses: list[Use]) -> dict[str, int | Decimal | None]:
    rows = sum(use.rows for use in uses)
    billed = sum((use.credits for use in uses), Decimal("0.000000"))
    return {
        "rows": rows,
        "input_tokens": rows * 812,
        "output_tokens": rows * 267,
        "credits": billed,
        "metered_credits": billed * Decimal("0.93") if uses else None,
    }


def _budgets(uses: list[Use]) -> tuple[BudgetStanding, ...]:
    """Return a budget of 6,000 for each tenant."""
    return tuple(
        BudgetStanding(
            tenant_id=tenant,
            budget=Decimal(6000),
            used=used,
            share=used / 6000,
            forecast=used * 2,
            state="over" if used > 6000 else "warned" if used > 4800 else "within",
            warn_at=(Decimal("0.8"), Decimal(1)),
        )
        for tenant in TENANTS
        for used in [totals(use for use in uses if use.tenant == tenant).credits]
    )


def _daily(uses: list[Use]) -> tuple[DailyCredits, ...]:
    sums: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for use in uses:
        sums[use.day, use.model] += use.credits
    return tuple(DailyCredits(day=day, model=model, credits=sums[day, model]) for day, model in sorted(sums))


BEFORE = UsageTotals(
    rows=4_410,
    input_tokens=3_580_920,
    output_tokens=1_177_470,
    credits=Decimal("19104.125000"),
    metered_credits=None,
)
SPREADS = tuple(
    Spread(measure=measure, model=model, rows=5_123, p50=Decimal(p50), p95=Decimal(p95))
    for measure, model, p50, p95 in (
        ("input_tokens", None, "702", "2210.5"),
        ("input_tokens", "gpt-5.2", "688.5", "2301"),
        ("output_tokens", None, "211", "901.75"),
        ("latency_seconds", None, "1.824", "9.41"),
    )
)
CORRECTIONS = (
    Correction(month_year="2025-12", kind="late", rows=14, credits=Decimal("21.500000")),
    Correction(month_year="2025-12", kind="reversal", rows=-3, credits=Decimal("-4.250000")),
    Correction(month_year="2025-12", kind="replacement", rows=3, credits=Decimal("4.000000")),
)
COST = ProviderCost(
    usd=Decimal("38.204417120000"),
    priced=(
        PricedModel(
            provider="openai",
            model="gpt-5.2",
            rows=1_622,
            input_tokens=1_317_064,
            output_tokens=433_074,
            usd=Decimal("21.104417"),
            source="built-in 2026-11",
        ),
        PricedModel(
            provider="anthropic",
            model="claude-sonnet-4.5",
            rows=1_410,
            input_tokens=1_144_920,
            output_tokens=376_470,
            usd=Decimal("17.10000012"),
            source="built-in 2026-11; genai-prices 0.2.3",
        ),
    ),
    unpriced=(UnpricedModel(provider="in-house", model="our-own-7b", rows=301, credits=Decimal("331.103500")),),
    price_version="built-in 2026-11",
)
WASTE = Waste(
    attempts=5_301,
    retried_attempts=178,
    jobs_known=True,
    failed_jobs=23,
    cancelled_jobs=4,
    wasted_credits=Decimal("48.250000"),
    unattributed_credits=Decimal("7.125000"),
    retry_cost_estimate=Decimal("391.204417"),
    failures=(
        FailureCount(error_code="rate_limited", jobs=17, attempts=51),
        FailureCount(error_code="content_filter", jobs=6, attempts=6),
    ),
    costliest=(
        CostlyJob(
            job_id="00000000-0000-0000-0000-0000000f4241",
            type="ai_generation",
            status="failed",
            attempts=3,
            credits=Decimal("12.500000"),
        ),
        CostlyJob(
            job_id="00000000-0000-0000-0000-0000000f4242",
            type="ai_generation",
            status="completed",
            attempts=2,
            credits=Decimal("9.000000"),
        ),
    ),
)
NO_WASTE = Waste(
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
STATEMENTS = (
    PlanStatement(
        tenant_id="acme",
        plan="business",
        currency="EUR",
        base_fee=Decimal("49.00"),
        included_credits=Decimal(2000),
        credits=Decimal("3104.250000"),
        overage_credits=Decimal("1104.250000"),
        tiers=(
            TierLine(credits=Decimal(1000), unit_price=Decimal("0.010"), amount=Decimal("10.00")),
            TierLine(credits=Decimal("104.25"), unit_price=Decimal("0.008"), amount=Decimal("0.83")),
        ),
        amount=Decimal("59.83"),
        explanation="49.00 EUR a month with 2,000 credits; then 0.010 EUR a credit, from 1,000 on 0.008.",
    ),
)
FORECAST = Forecast(
    credits=Decimal("24105.25"),
    low=Decimal("23200.5"),
    high=Decimal("25310.75"),
    through=date(2026, 1, 24),
    method=(
        "Run rate: each day to come as the mean of the days known. "
        "Tested on 5 whole months before, known up to the same day."
    ),
    tested_months=5,
    error=Decimal("0.0412"),
)
ANOMALIES = (
    Anomaly(
        day=date(2026, 1, 19),
        tenant_id="zeta",
        model="claude-opus-4.5",
        credits=Decimal("402.125000"),
        usual=Decimal("61.500000"),
        score=Decimal("8.41"),
    ),
)
JOBS = JobReconciliation(
    agreed=5_096,
    jobs_without_usage=2,
    usage_without_job=1,
    amount_differs=1,
    repeated_usage=0,
    differences=(
        JobDifference(
            job_id="00000000-0000-0000-0000-0000000f4243",
            verdict="amount_differs",
            job_credits=Decimal("3.5"),
            usage_credits=Decimal("3.25"),
        ),
        JobDifference(
            job_id="00000000-0000-0000-0000-0000000f4244",
            verdict="job_without_usage",
            job_credits=Decimal("1.5"),
            usage_credits=None,
        ),
    ),
)
QUALITY = DataQuality(
    files=42,
    rows_read=6_204,
    kept=6_001,
    duplicates=198,
    quarantined=5,
    accepted=1,
    late=14,
    month_mismatches=3,
    problems=(
        Problem(
            reason="bad_credits",
            rows=3,
            first_file="exports/january.csv",
            first_line=6,
            first_detail="credits_used is 'NaN'",
        ),
        Problem(
            reason="id_conflict",
            rows=2,
            first_file="exports/january-2.csv",
            first_line=112,
            first_detail="credits_used differs",
        ),
    ),
)
