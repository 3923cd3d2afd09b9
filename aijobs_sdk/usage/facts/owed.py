"""What tenants owe and may use, what the month will come to, and what is unusual in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from aijobs_sdk.contract.model import Fact

ALL_TENANTS = "all"
"""As the `tenant_id` of a budget: all of them together."""


class TierLine(Fact):
    """Credits charged at one price."""

    credits: Decimal
    unit_price: Decimal
    amount: Decimal
    """As it can be paid in the currency of the plan; halves to even."""
    month_year: str | None = None
    """The earlier month that is put right by it; None: it is of the month itself."""


class PlanStatement(Fact):
    """What one tenant owes for the month by its plan."""

    tenant_id: str
    plan: str
    currency: str
    base_fee: Decimal
    included_credits: Decimal
    credits: Decimal
    """Used; corrections of earlier months among them."""
    overage_credits: Decimal
    tiers: tuple[TierLine, ...]
    amount: Decimal
    """Base fee and tiers."""
    explanation: str
    """The plan in words."""


class BudgetStanding(Fact):
    """How far a tenant is in its budget of credits for the month."""

    tenant_id: str
    """Or ALL_TENANTS."""
    budget: Decimal
    used: Decimal
    share: Decimal
    """Of the budget: 0.8 is four fifths."""
    forecast: Decimal | None
    """Credits at the end of the month, as in `Forecast`."""
    state: Literal["within", "warned", "over"]
    warn_at: tuple[Decimal, ...]


class Forecast(Fact):
    """Credits that the month will have come to, with how wrong this way of telling was before."""

    credits: Decimal
    low: Decimal
    high: Decimal
    """`low` to `high`: as far off as in four of five months of the back-test, or what `method` says without one."""
    through: date
    """The last day that counts as known."""
    method: str
    """In whole sentences: how it was told, and on what that was tested."""
    tested_months: int
    error: Decimal | None
    """Mean absolute error of those months, as a part of what they came to; None: no month could be tested."""


class Anomaly(Fact):
    """A day on which a tenant used far more, or less, of a model than on its other days."""

    day: date
    tenant_id: str
    model: str
    credits: Decimal
    usual: Decimal
    """The median of the days before."""
    score: Decimal
    """Robust z: how many scaled median deviations it is off."""
