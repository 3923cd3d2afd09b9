"""What each tenant owes for a month by its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import chain
from typing import TypeAlias

from aijobs_sdk.usage.billing.amounts import EXACT
from aijobs_sdk.usage.billing.charged import BilledElsewhere, balance_lines, billed_elsewhere, charged_lines
from aijobs_sdk.usage.billing.credits import MonthCredits, billed_credits
from aijobs_sdk.usage.billing.plan_terms import Plan
from aijobs_sdk.usage.billing.plan_words import balance_in_words, correction_in_words, plan_in_words
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.billing.rating import corrected_lines
from aijobs_sdk.usage.facts.owed import PlanStatement, TierLine
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

_Elsewhere: TypeAlias = Mapping[tuple[str, str], Sequence[BilledElsewhere]]


def plan_statements(store: UsageStore, month: str, plans: PlanBook) -> tuple[PlanStatement, ...]:
    """Return what the tenants that are on a plan owe for `month`, by tenant; the base fee also where nothing was used.

    What arrived late for a month that was closed is charged by the plan and the included credits of *that* month: it is
    reckoned anew, and the difference is on this statement. Where another plan held then, it is on a statement of its
    own, without a base fee. What was charged too much is given back, so an amount can be negative. A month that was
    reopened is charged what the closed ones after it have not charged for it.

    Raises:
        InvalidRequestError: no such month can be.
    """
    billed = billed_credits(store, month)
    elsewhere = billed_elsewhere(store, month)
    tenants = plans.subscribers | billed.keys() | _tenants_by_then(store, month, plans)
    with localcontext(EXACT):
        by_tenant = (_statements(tenant, month, billed.get(tenant, ()), plans, elsewhere) for tenant in sorted(tenants))
        return tuple(chain.from_iterable(by_tenant))


def _tenants_by_then(store: UsageStore, month: str, plans: PlanBook) -> frozenset[str]:
    if not plans.has_plan_for_every_tenant:
        return frozenset()
    found = store.ask(statement("billing/tenants"), {"month": month})
    return frozenset(str(tenant) for (tenant,) in found.cells)


def _statements(
    tenant: str, month: str, billed: Sequence[MonthCredits], plans: PlanBook, elsewhere: _Elsewhere
) -> Iterator[PlanStatement]:
    corrected: dict[Plan, list[MonthCredits]] = {}
    for one in billed:
        then = plans.plan_of(tenant, one.month_year)
        if then is not None and one.month_year != month and one.before != one.now:
            corrected.setdefault(then, []).append(one)
    plan = plans.plan_of(tenant, month)
    if plan is not None:
        nothing = MonthCredits(tenant_id=tenant, month_year=month, before=Decimal(0), now=Decimal(0))
        used = next((one for one in billed if one.month_year == month), nothing)
        yield _statement(tenant, plan, used, corrected.pop(plan, ()), elsewhere)
    for earlier, months in corrected.items():
        yield _statement(tenant, earlier, None, months, elsewhere)


def _statement(
    tenant: str,
    plan: Plan,
    own: MonthCredits | None,
    corrections: Sequence[MonthCredits],
    elsewhere: _Elsewhere,
) -> PlanStatement:
    """Return what is owed for the `own` month, None where another plan holds by now, and for what is corrected."""
    tiers: tuple[TierLine, ...] = ()
    words = f"What was on plan {plan.name}."
    if own is not None:
        others = elsewhere.get((tenant, own.month_year), ())
        tiers = _lines(plan, own, others)
        words = plan_in_words(plan)
        if others:
            words += f" {balance_in_words(plan, own.month_year, charged_lines(plan, others))}"
    for month in corrections:
        changes = _lines(plan, month, elsewhere.get((tenant, month.month_year), ()))
        tiers += tuple(line.replace(month_year=month.month_year) for line in changes)
        words += f" {correction_in_words(plan, month, changes)}"
    used = None if own is None else own.now
    fee = plan.in_money(Decimal(0) if used is None else plan.base_fee)
    return PlanStatement(
        tenant_id=tenant,
        plan=plan.name,
        currency=plan.currency,
        base_fee=fee,
        included_credits=Decimal(0) if used is None else plan.included_credits,
        credits=sum((month.now - month.before for month in corrections), used or Decimal(0)),
        overage_credits=sum((line.credits for line in tiers), Decimal(0)),
        tiers=tiers,
        amount=sum((line.amount for line in tiers), fee),
        explanation=words,
    )


def _lines(plan: Plan, month: MonthCredits, others: Sequence[BilledElsewhere]) -> tuple[TierLine, ...]:
    """Return what is to be charged for the credits of a month, of which `others` bill some."""
    if not others:
        return corrected_lines(plan, month.before, month.now)
    whole = sum((one.credits for one in others), month.now - month.before)
    return balance_lines(plan, whole, charged_lines(plan, others))
