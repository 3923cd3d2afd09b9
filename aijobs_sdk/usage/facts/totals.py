"""What rows add up to, and how a month divides: by column, by day, and against others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from aijobs_sdk.contract.model import Fact

NUMBER_COLUMNS = ("rows", "input_tokens", "output_tokens", "credits", "metered_credits")
"""What is counted for each group of rows."""


class UsageTotals(Fact):
    """What some rows add up to. A row is one completed job; one that was reversed counts no more."""

    rows: int
    input_tokens: int
    output_tokens: int
    credits: Decimal
    """Billed: what users were quoted."""
    metered_credits: Decimal | None
    """What the tokens really used cost by the price list, over the rows that say so; None: no row does."""

    @property
    def numbers(self) -> tuple[int | Decimal | None, ...]:
        """The values under NUMBER_COLUMNS."""
        return self.rows, self.input_tokens, self.output_tokens, self.credits, self.metered_credits


class UsageGroup(UsageTotals):
    """What the rows with the same `keys` add up to."""

    keys: Mapping[str, str]
    """Column → value, in the order asked for."""


class Division(Fact):
    """The month divided by one column: the dearest groups, and what the others add up to."""

    by: str
    groups: tuple[UsageGroup, ...]
    rest: UsageTotals | None = None
    """Those beyond the ones shown; None: all are shown."""
    rest_groups: int = 0


OTHER_MODELS = "others"
"""As the model of daily credits: all that are not among the dearest."""


class DailyCredits(Fact):
    """Credits of one day and model, for the chart."""

    day: date
    model: str
    """Or OTHER_MODELS."""
    credits: Decimal


Measure: TypeAlias = Literal["input_tokens", "output_tokens", "latency_seconds"]


class Spread(Fact):
    """How a measure spreads over the rows of a model; `model` None: over all rows. Linear interpolation, exact."""

    measure: Measure
    model: str | None
    rows: int
    """Those that say it."""
    p50: Decimal
    p95: Decimal


class MonthBefore(Fact):
    """The month before this one, to compare with."""

    month: str
    totals: UsageTotals
    credits_change: Decimal | None
    """By which part the credits grew: 0.25 is a quarter more. None: there were none to compare with."""


class Correction(Fact):
    """What this month bears for another one, which was closed when the rows arrived."""

    month_year: str
    kind: Literal["late", "reversal", "replacement"]
    rows: int
    credits: Decimal
