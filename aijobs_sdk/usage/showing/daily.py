"""`DailyStack`: the month's credits as a chart draws them, the dearest models apart and the others as one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from aijobs_sdk.contract.months import month_span
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import OTHER_MODELS
from aijobs_sdk.usage.showing.fact_table import Column, FactTable, Kind
from aijobs_sdk.usage.showing.figures import shown

MOST_SERIES = 6
"""So many can be told apart."""


@dataclass(frozen=True)
class DailyStack:
    """Credits of each day of a month, from its first to its last, in one series a model."""

    series: tuple[str, ...]
    """Dearest first."""
    days: tuple[date, ...]
    credits: tuple[tuple[Decimal, ...], ...]
    """For each day, one amount a series."""
    elsewhere: Decimal
    """Credits that the month bears for days before or after it."""

    @property
    def sums(self) -> tuple[Decimal, ...]:
        """Credits of each day."""
        return tuple(sum(amounts, Decimal(0)) for amounts in self.credits)

    @property
    def running(self) -> tuple[Decimal, ...]:
        """Credits from the first to each day."""
        return tuple(accumulate(self.sums))

    def table(self) -> FactTable:
        """Return the same in numbers."""
        sums = (sum(amounts, Decimal(0)) for amounts in zip(*self.credits, strict=True))
        return FactTable(
            name="daily",
            caption="Credits of each day, by model",
            columns=(
                Column("day", "Day", Kind.DAY),
                *(Column(name, shown(name), Kind.AMOUNT) for name in self.series),
                Column("credits", "All models", Kind.AMOUNT),
            ),
            rows=tuple((day, *of, sum(of, Decimal(0))) for day, of in zip(self.days, self.credits, strict=True)),
            total=("Total", *sums, sum(self.sums, Decimal(0))),
        )


def daily_stack(facts: MonthFacts) -> DailyStack:
    """Return the daily credits of the report's month."""
    days = _days(facts.month)
    by_day, elsewhere = _credits_by_day(facts, days)
    ranked = _ranked(facts)
    apart = ranked if len(ranked) <= MOST_SERIES else ranked[: MOST_SERIES - 1]
    together = ranked[len(apart) :]
    return DailyStack(
        series=(*apart, *(["other models"] if together else [])),
        days=days,
        credits=tuple(_stacked(by_day[day], apart, together) for day in days),
        elsewhere=elsewhere,
    )


def model_days(facts: MonthFacts, model: str) -> tuple[Decimal, ...]:
    """Return what one model cost on each day of the report's month."""
    days = _days(facts.month)
    known = {daily.day: daily.credits for daily in facts.daily if daily.model == model}
    return tuple(known.get(day, Decimal(0)) for day in days)


def _days(month: str) -> tuple[date, ...]:
    first, after = (instant.date() for instant in month_span(month))
    return tuple(first + timedelta(days=number) for number in range((after - first).days))


def _credits_by_day(facts: MonthFacts, days: tuple[date, ...]) -> tuple[dict[date, defaultdict[str, Decimal]], Decimal]:
    by_day: dict[date, defaultdict[str, Decimal]] = {day: defaultdict(Decimal) for day in days}
    elsewhere = Decimal(0)
    for daily in facts.daily:
        if daily.day in by_day:
            by_day[daily.day][daily.model] += daily.credits
        else:
            elsewhere += daily.credits
    return by_day, elsewhere


def _ranked(facts: MonthFacts) -> tuple[str, ...]:
    """Return the models, dearest first; what are several already comes last, whatever it costs."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for daily in facts.daily:
        sums[daily.model] += daily.credits
    return tuple(sorted(sums, key=lambda model: (model == OTHER_MODELS, -sums[model], model)))


def _stacked(
    by_model: defaultdict[str, Decimal], apart: tuple[str, ...], together: tuple[str, ...]
) -> tuple[Decimal, ...]:
    others = [sum((by_model[model] for model in together), Decimal(0))] if together else []
    return (*(by_model[model] for model in apart), *others)
