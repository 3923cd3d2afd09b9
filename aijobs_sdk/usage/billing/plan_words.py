"""A plan in words, and what was put right afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from aijobs_sdk.usage.billing.credits import MonthCredits
from aijobs_sdk.usage.billing.plan_terms import Plan
from aijobs_sdk.usage.facts.owed import TierLine


def plan_in_words(plan: Plan) -> str:
    """Return what a month on a plan costs."""
    included = f" with {_number(plan.included_credits)} credits" if plan.included_credits else ""
    return f"Plan {plan.name}: {_money(plan, plan.base_fee)} a month{included}. {_tiers_in_words(plan)}"


def correction_in_words(plan: Plan, month: MonthCredits, changes: Sequence[TierLine]) -> str:
    """Return why a month that was billed before is on a later statement."""
    difference = month.now - month.before
    what = (
        f"{month.month_year} has {_number(abs(difference))} credits {'less' if difference < 0 else 'more'} than billed"
    )
    amount = sum((line.amount for line in changes), Decimal(0))
    if not amount:
        return f"{what}, which changes nothing in what it costs."
    return f"{what}: {_money(plan, abs(amount))} {'back' if amount < 0 else 'more'}."


def balance_in_words(plan: Plan, month: str, charged: Sequence[TierLine]) -> str:
    """Return what a month that was reopened is not charged once more."""
    amount = sum((line.amount for line in charged), Decimal(0))
    return f"{_money(plan, amount)} for {month} are on statements of other months and not on this one."


def _tiers_in_words(plan: Plan) -> str:
    *bounded, rest = [f"{tier.unit_price:,f} {plan.currency}" for tier in plan.tiers]
    ends = [_number(tier.up_to) for tier in plan.tiers if tier.up_to is not None]
    which = "further ones" if plan.included_credits else "credits"
    if not bounded:
        return f"{which.capitalize()} cost {rest} each."
    match plan.mode:
        case "graduated":
            steps = [f"{price} each up to {end}" for price, end in zip(bounded, ends, strict=True)]
            return f"{which.capitalize()} cost {', '.join(steps)}, and {rest} each beyond."
        case "volume":
            steps = [f"{price} each if they are up to {end}" for price, end in zip(bounded, ends, strict=True)]
            return f"All {which} cost {', '.join(steps)}, and {rest} each if they are more."
        case _:
            assert_never(plan.mode)


def _money(plan: Plan, amount: Decimal) -> str:
    return f"{plan.in_money(amount):,f} {plan.currency}"


def _number(value: Decimal) -> str:
    return f"{value.normalize():,f}"
