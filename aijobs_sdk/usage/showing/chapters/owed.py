"""The chapters on what is owed: by plans, by corrections of closed months, and how far budgets are used."""

from __future__ import annotations

from collections.abc import Sequence

from aijobs_sdk.usage.facts.owed import BudgetStanding, Forecast, PlanStatement
from aijobs_sdk.usage.facts.totals import Correction
from aijobs_sdk.usage.showing.chapters.usage_tables import CREDITS, REQUESTS, key_column
from aijobs_sdk.usage.showing.fact_table import Chapter, Column, FactTable, Kind
from aijobs_sdk.usage.showing.figures import percent, rounded


def plans_chapter(statements: Sequence[PlanStatement]) -> Chapter:
    """Return what each tenant owes by its plan, and how that comes about."""
    return Chapter(
        name="plans",
        title="Plans",
        tables=tuple(table for table in (_owed_table(statements), _tier_table(statements)) if table.rows),
    )


def corrections_chapter(corrections: Sequence[Correction]) -> Chapter:
    """Return what this month bears for months that were closed."""
    table = FactTable(
        name="corrections",
        caption="Corrections of closed months, by month of use",
        columns=(key_column("month_year"), Column("kind", "Kind", Kind.TEXT), REQUESTS, CREDITS),
        rows=tuple((found.month_year, found.kind, found.rows, found.credits) for found in corrections),
        total=("Total", None, sum(found.rows for found in corrections), sum(found.credits for found in corrections)),
    )
    sentence = "These came after their month was closed. They are billed here, and are in all numbers of this report."
    return Chapter(name="corrections", title="Corrections", sentences=(sentence,), tables=(table,))


def budgets_chapter(budgets: Sequence[BudgetStanding], forecast: Forecast | None) -> Chapter:
    """Return how far tenants are in their budgets, and where the month is heading."""
    return Chapter(
        name="budgets",
        title="Budgets and forecast" if budgets and forecast else "Forecast" if forecast else "Budgets",
        sentences=(_forecast_sentence(forecast),) if forecast else (),
        tables=(_budget_table(budgets),) if budgets else (),
    )


def _owed_table(statements: Sequence[PlanStatement]) -> FactTable:
    return FactTable(
        name="plans",
        caption="Owed by plan",
        columns=(
            key_column("tenant_id"),
            Column("plan", "Plan", Kind.TEXT),
            CREDITS,
            Column("included_credits", "Included", Kind.AMOUNT),
            Column("overage_credits", "Overage", Kind.AMOUNT),
            Column("currency", "Currency", Kind.TEXT),
            Column("base_fee", "Base fee", Kind.MONEY),
            Column("amount", "Owed", Kind.MONEY),
            Column("explanation", "In words", Kind.WORDS),
        ),
        rows=tuple(
            (
                *(owed.tenant_id, owed.plan, owed.credits, owed.included_credits, owed.overage_credits),
                *(owed.currency, owed.base_fee, owed.amount, owed.explanation),
            )
            for owed in statements
        ),
    )


def _tier_table(statements: Sequence[PlanStatement]) -> FactTable:
    return FactTable(
        name="tiers",
        caption="Overage by tier",
        columns=(
            key_column("tenant_id"),
            Column("plan", "Plan", Kind.TEXT),
            CREDITS,
            Column("unit_price", "Price of one", Kind.AMOUNT),
            Column("currency", "Currency", Kind.TEXT),
            Column("amount", "Amount", Kind.MONEY),
        ),
        rows=tuple(
            (owed.tenant_id, owed.plan, tier.credits, tier.unit_price, owed.currency, tier.amount)
            for owed in statements
            for tier in owed.tiers
        ),
    )


def _budget_table(budgets: Sequence[BudgetStanding]) -> FactTable:
    return FactTable(
        name="budgets",
        caption="Budgets of the month",
        columns=(
            key_column("tenant_id"),
            Column("budget", "Budget", Kind.AMOUNT),
            Column("used", "Used", Kind.AMOUNT),
            Column("share", "Used share", Kind.SHARE),
            Column("forecast", "Forecast", Kind.AMOUNT),
            Column("state", "State", Kind.TEXT),
            Column("warn_at", "Warns at", Kind.TEXT),
        ),
        rows=tuple(
            (
                *(standing.tenant_id, standing.budget, standing.used, standing.share, standing.forecast),
                *(standing.state, ", ".join(map(percent, standing.warn_at)) or None),
            )
            for standing in budgets
        ),
        bar="share",
    )


def _forecast_sentence(forecast: Forecast) -> str:
    error = "" if forecast.error is None else f" It was off by {percent(forecast.error)} on average."
    return (
        f"The month will have come to {rounded(forecast.credits)} credits, likely between {rounded(forecast.low)} "
        f"and {rounded(forecast.high)}, reckoned from the days up to {forecast.through}. {forecast.method}{error}"
    )
