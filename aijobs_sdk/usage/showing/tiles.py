"""The six numbers at the top of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.costs import DocumentCost, ProviderCost, Waste
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.owed import ALL_TENANTS, BudgetStanding
from aijobs_sdk.usage.facts.totals import MonthBefore
from aijobs_sdk.usage.showing.chapters.usage_tables import part_of
from aijobs_sdk.usage.showing.figures import NOTHING, exact, percent, rounded, signed_percent


@dataclass(frozen=True)
class Tile:
    """One number with its name, and what it rests on."""

    label: str
    value: str
    detail: str


def tiles(facts: MonthFacts) -> tuple[Tile, ...]:
    """Return the numbers that are looked at first, rounded; the exact ones are in the tables."""
    totals = facts.totals
    return (
        Tile("Credits", rounded(totals.credits), f"exactly {exact(totals.credits)}"),
        _change(facts.before),
        Tile(
            "Requests",
            f"{totals.rows:,}",
            f"{counted(totals.input_tokens, 'input token')}, {counted(totals.output_tokens, 'output token')}",
        ),
        _document(facts.documents),
        _waste(facts.waste, totals.credits),
        _budget(facts.budgets) if facts.budgets else _provider(facts.cost),
    )


def common_budget(facts: MonthFacts) -> Decimal | None:
    """Return the budget for all that was used: that of all tenants, or the sum of theirs if each has one."""
    budgets = _side_by_side(facts.budgets)
    used = sum((standing.used for standing in budgets), Decimal(0))
    whole = budgets and used == facts.totals.credits
    return sum((standing.budget for standing in budgets), Decimal(0)) if whole else None


def _side_by_side(budgets: Sequence[BudgetStanding]) -> Sequence[BudgetStanding]:
    """Return budgets that can be added up: that of all tenants has those of each in it."""
    return [standing for standing in budgets if standing.tenant_id == ALL_TENANTS] or budgets


def _change(before: MonthBefore | None) -> Tile:
    if before is None or before.credits_change is None:
        return Tile("Against the month before", NOTHING, "nothing to compare with")
    then = f"{rounded(before.totals.credits)} credits in {before.month}"
    return Tile(f"Against {before.month}", signed_percent(before.credits_change), then)


def _document(documents: DocumentCost) -> Tile:
    each = documents.credits_per_document
    if each is None:
        return Tile("Per document", NOTHING, "no documents")
    return Tile("Per document", rounded(each), f"credits, over {counted(documents.documents, 'document')}")


def _waste(waste: Waste, credits_: Decimal) -> Tile:
    retries = counted(waste.retried_attempts, "attempt beyond the first", "attempts beyond the first")
    share = part_of(waste.wasted_credits, credits_)
    if not waste.jobs_known or share is None:
        return Tile("Waste", NOTHING, f"{retries}; no records of jobs" if not waste.jobs_known else retries)
    return Tile("Waste", percent(share), f"{rounded(waste.wasted_credits)} credits; {retries}")


def _budget(budgets: Sequence[BudgetStanding]) -> Tile:
    added = _side_by_side(budgets)
    used = part_of(sum((each.used for each in added), Decimal(0)), sum((each.budget for each in added), Decimal(0)))
    over, warned = (sum(each.state == state for each in budgets) for state in ("over", "warned"))
    return Tile(
        "Budget used",
        NOTHING if used is None else percent(used),
        f"{counted(len(budgets), 'budget')}: {over:,} over, {warned:,} warned",
    )


def _provider(cost: ProviderCost) -> Tile:
    if not cost.priced:
        return Tile("Provider cost", NOTHING, "no price is known")
    unpriced = f"without {counted(len(cost.unpriced), 'model')} of unknown price" if cost.unpriced else "by list prices"
    return Tile("Provider cost", f"{rounded(cost.usd)} USD", unpriced)
