"""What credits cost on a plan, and what it costs that there were others than was thought."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from aijobs_sdk.usage.billing.plan_terms import Plan, Tier
from aijobs_sdk.usage.facts.owed import TierLine


def overage_lines(plan: Plan, credits_used: Decimal) -> tuple[TierLine, ...]:
    """Return what a month's credits cost beyond the included ones: a line for each tier that some of them lie in."""
    return tuple(line for line in _lines(plan, credits_used) if line.credits)


def corrected_lines(plan: Plan, before: Decimal, now: Decimal) -> tuple[TierLine, ...]:
    """Return what changes in the lines of a month that was billed at `before` credits, and comes to `now`.

    Lines of the difference, not of the difference's price: so whatever arrives late, in whatever order, all that was
    billed for a month is what would have been had it come in time, to the cent.
    """
    pairs = zip(_lines(plan, before), _lines(plan, now), strict=True)
    changes = [
        due.replace(credits=due.credits - charged.credits, amount=due.amount - charged.amount) for charged, due in pairs
    ]
    return tuple(line for line in changes if line.credits)


def _lines(plan: Plan, credits_used: Decimal) -> Sequence[TierLine]:
    """Return a line for each tier of the plan."""
    overage = max(credits_used - plan.included_credits, Decimal(0))
    match plan.mode:
        case "graduated":
            shares = _cut(plan.tiers, overage)
        case "volume":
            shares = _in_one(plan.tiers, overage)
        case _:
            assert_never(plan.mode)
    return [_line(plan, tier, share) for tier, share in zip(plan.tiers, shares, strict=True)]


def _cut(tiers: Sequence[Tier], overage: Decimal) -> Sequence[Decimal]:
    shares, begins = [], Decimal(0)
    for tier in tiers:
        ends = overage if tier.up_to is None else min(overage, tier.up_to)
        shares.append(ends - begins)
        begins = ends
    return shares


def _in_one(tiers: Sequence[Tier], overage: Decimal) -> Sequence[Decimal]:
    reached = next(number for number, tier in enumerate(tiers) if tier.up_to is None or overage <= tier.up_to)
    return [overage if number == reached else Decimal(0) for number in range(len(tiers))]


def _line(plan: Plan, tier: Tier, share: Decimal) -> TierLine:
    """Return a line whose amount can be paid: rounded here, and not in the sum.

    A statement shows its lines, and whoever adds them up has to come to its amount.
    """
    return TierLine(credits=share, unit_price=tier.unit_price, amount=plan.in_money(share * tier.unit_price))
