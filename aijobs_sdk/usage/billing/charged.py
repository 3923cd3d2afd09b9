"""What other months have charged for the credits of a month that is rated with later months closed.

That is one that was reopened: those after it have corrected it meanwhile, and their statements stand. So it takes the
balance: what all its credits cost, less what those statements say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic import TypeAdapter

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.billing.plan_terms import Plan
from aijobs_sdk.usage.billing.rating import corrected_lines, overage_lines
from aijobs_sdk.usage.facts.owed import PlanStatement, TierLine
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore


class BilledElsewhere(Fact):
    """Credits of one tenant and one month, as another month bills them."""

    tenant_id: str
    month_year: str
    billing_month: str
    credits: Decimal
    is_closed: bool
    statements: tuple[PlanStatement, ...] = ()
    """Those of the tenant, as they were kept."""

    def kept_lines(self, plan: Plan) -> tuple[TierLine, ...] | None:
        """Return what was charged for these credits; None: nothing was kept that says it."""
        if all(owed.plan != plan.name for owed in self.statements):
            return None
        corrected = None if self.month_year == self.billing_month else self.month_year
        return tuple(line for owed in self.statements for line in owed.tiers if line.month_year == corrected)


_ROWS = TypeAdapter(tuple[BilledElsewhere, ...])
_STATEMENTS = TypeAdapter(tuple[PlanStatement, ...])


def billed_elsewhere(store: UsageStore, month: str) -> Mapping[tuple[str, str], Sequence[BilledElsewhere]]:
    """Return, by tenant and month of use, the other months that bill what `month` bills, in order.

    Only where a later one that is closed does. Of later ones those are left out that are open: they come after it.
    """
    rows = _ROWS.validate_python(store.ask(statement("billing/billed_elsewhere"), {"month": month}).rows)
    kept = _kept_statements(store, {row.billing_month for row in rows}) if rows else {}
    found: dict[tuple[str, str], list[BilledElsewhere]] = {}
    for row in rows:
        whole = row.replace(statements=kept.get((row.billing_month, row.tenant_id), ()))
        found.setdefault((row.tenant_id, row.month_year), []).append(whole)
    return found


def charged_lines(plan: Plan, billed: Sequence[BilledElsewhere]) -> tuple[TierLine, ...]:
    """Return what was charged for the credits that other months bill.

    Where an earlier one is open, the balance of all is on its statement. A closed month of which no statement was kept
    counts as charged by this plan, after those before it.
    """
    if not all(one.is_closed for one in billed):
        return overage_lines(plan, sum((one.credits for one in billed), Decimal(0)))
    lines: tuple[TierLine, ...] = ()
    so_far = Decimal(0)
    for one in billed:
        kept = one.kept_lines(plan)
        lines += corrected_lines(plan, so_far, so_far + one.credits) if kept is None else kept
        so_far += one.credits
    return lines


def balance_lines(plan: Plan, credits_used: Decimal, charged: Sequence[TierLine]) -> tuple[TierLine, ...]:
    """Return what is left to charge for a month of so many credits, by price; below nothing it is given back."""
    left: dict[Decimal, TierLine] = {}
    for line, sign in [(line, 1) for line in overage_lines(plan, credits_used)] + [(line, -1) for line in charged]:
        nothing = TierLine(credits=Decimal(0), unit_price=line.unit_price, amount=plan.in_money(Decimal(0)))
        so_far = left.get(line.unit_price, nothing)
        left[line.unit_price] = so_far.replace(
            credits=so_far.credits + sign * line.credits, amount=so_far.amount + sign * line.amount
        )
    return tuple(line for line in left.values() if line.credits or line.amount)


def _kept_statements(store: UsageStore, months: set[str]) -> Mapping[tuple[str, str], tuple[PlanStatement, ...]]:
    found: dict[tuple[str, str], tuple[PlanStatement, ...]] = {}
    for month, statements in store.ask(statement("billing/kept_statements"), {"months": sorted(months)}).cells:
        for owed in _STATEMENTS.validate_json(str(statements)):
            key = (str(month), owed.tenant_id)
            found[key] = (*found.get(key, ()), owed)
    return found
