"""What a tenant and its host agreed on: plans with their tiers, who is on which plan since when, and budgets."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from aijobs_sdk.contract.given import Given
from aijobs_sdk.contract.records import MONTH_PATTERN
from aijobs_sdk.usage.billing.amounts import Amount
from aijobs_sdk.usage.facts.owed import ALL_TENANTS

EVERY_TENANT = "*"
"""As a `tenant_id`: each tenant that has none of its own."""


def _month(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(MONTH_PATTERN, value):
        raise ValueError('must be a month in quotes, such as "2026-01"')
    return value


Month = Annotated[str, BeforeValidator(_month)]


class Tier(Given):
    """What each credit costs, up to a number of credits beyond those that are included."""

    up_to: Amount | None = Field(default=None, gt=0)
    """The last credit at this price, counted from the first that is not included; None: all further ones."""
    unit_price: Amount


class Plan(Given):
    """What a month costs on one plan."""

    name: str = Field(min_length=1)
    currency: str = Field(pattern="^[A-Z]{3}$")
    decimals: int = Field(default=2, ge=0, le=4)
    """Of an amount in this currency: 2 are cents, 0 is for yen."""
    base_fee: Amount = Decimal(0)
    included_credits: Amount = Decimal(0)
    mode: Literal["graduated", "volume"] = "graduated"
    """`graduated`: each credit at the price of its own tier. `volume`: all at the price of the last one's tier."""
    tiers: tuple[Tier, ...] = Field(min_length=1)
    """What credits cost beyond the included ones, from the first tier on; the last has no end."""

    def in_money(self, amount: Decimal) -> Decimal:
        """Return an amount as it can be paid in this currency, halves to even."""
        return amount.quantize(Decimal(1).scaleb(-self.decimals), rounding=ROUND_HALF_EVEN)

    @field_validator("tiers")
    @classmethod
    def _without_gaps(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        *ends, last = (tier.up_to for tier in tiers)
        if last is not None:
            raise ValueError("must end with one without `up_to`, so that every credit has a price")
        if None in ends or any(one >= other for one, other in pairwise(end for end in ends if end is not None)):
            raise ValueError("must each end at a larger `up_to` than the one before; only the last has none")
        return tiers

    @field_validator("base_fee")
    @classmethod
    def _can_be_paid(cls, fee: Decimal, info: ValidationInfo) -> Decimal:
        decimals = info.data.get("decimals", 4)  # where that is wrong, too, it is told instead
        if fee != round(fee, decimals):
            raise ValueError(f"must have {decimals} decimals at most, as `decimals` says of this currency")
        return fee


class Subscription(Given):
    """A tenant is on a plan from a month on, until a later subscription of it begins."""

    tenant_id: str = Field(min_length=1)
    """Or `*`."""
    plan: str
    valid_from: Month

    @field_validator("tenant_id")
    @classmethod
    def _of_one(cls, tenant_id: str) -> str:
        if tenant_id == ALL_TENANTS:
            raise ValueError(f'cannot be "{ALL_TENANTS}": "{EVERY_TENANT}" is every tenant, each by itself')
        return tenant_id


class Budget(Given):
    """How many credits a tenant means to use in a month, from one month on."""

    tenant_id: str = Field(min_length=1)
    """Or `*`, or `all`."""
    credits: Amount = Field(gt=0)
    warn_at: tuple[Amount, ...] = (Decimal("0.8"), Decimal(1))
    """Parts of the budget, rising: from the first one on the budget counts as warned."""
    valid_from: Month

    @field_validator("warn_at")
    @classmethod
    def _rising(cls, parts: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        if any(one >= other for one, other in pairwise((Decimal(0), *parts))):
            raise ValueError('must be parts of the budget above 0, in rising order, such as ["0.8", "1"]')
        return parts
