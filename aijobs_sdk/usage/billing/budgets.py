"""How far tenants are in their budgets of credits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from aijobs_sdk.usage.billing.amounts import EXACT
from aijobs_sdk.usage.billing.credits import billed_credits
from aijobs_sdk.usage.billing.plan_terms import Budget
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.facts.owed import ALL_TENANTS, BudgetStanding, Forecast
from aijobs_sdk.usage.store import UsageStore

_SHARE_STEP = Decimal("0.0001")


def budget_standings(
    store: UsageStore, month: str, plans: PlanBook, forecast: Forecast | None
) -> tuple[BudgetStanding, ...]:
    """Return how much of each budget `month` has used: that of all together first, then the fullest first.

    A budget counts what is billed in the month, corrections of earlier ones among it. A budget for every tenant stands
    for those that are billed something in the month. `forecast` is of all tenants together, and so is told of no other.

    Raises:
        InvalidRequestError: no such month can be.
    """
    with localcontext(EXACT):
        used = _used(store, month)
        tenants = {tenant: plans.budget_of(tenant, month) for tenant in plans.budgeted_tenants | used.keys()}
        standings = [
            _standing(tenant, budget, used.get(tenant, Decimal(0)), None)
            for tenant, budget in tenants.items()
            if budget is not None
        ]
        standings.sort(key=lambda one: (-one.share, one.tenant_id))
        together = plans.budget_of_all(month)
        if together is not None:
            standings.insert(0, _standing(ALL_TENANTS, together, sum(used.values(), Decimal(0)), forecast))
        return tuple(standings)


def _used(store: UsageStore, month: str) -> Mapping[str, Decimal]:
    return {
        tenant: sum((one.now - one.before for one in months), Decimal(0))
        for tenant, months in billed_credits(store, month).items()
    }


def _standing(tenant: str, budget: Budget, used: Decimal, forecast: Forecast | None) -> BudgetStanding:
    return BudgetStanding(
        tenant_id=tenant,
        budget=budget.credits,
        used=used,
        share=(used / budget.credits).quantize(_SHARE_STEP, rounding=ROUND_HALF_EVEN),
        forecast=None if forecast is None else forecast.credits,
        state=_state(budget, used),
        warn_at=budget.warn_at,
    )


def _state(budget: Budget, used: Decimal) -> Literal["within", "warned", "over"]:
    """Return the state by the credits themselves: a share is rounded."""
    if used > budget.credits:
        return "over"
    is_warned = any(used >= budget.credits * part for part in budget.warn_at)
    return "warned" if is_warned else "within"
