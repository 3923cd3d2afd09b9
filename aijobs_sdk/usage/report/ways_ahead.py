"""Ways to tell the days ahead of a month from the days known. Each looks at no day that is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from statistics import mean
from typing import TypeAlias

from aijobs_sdk.usage.report.daily_use import DailyUse, PartOfMonth, days_between

PROFILE_DAYS = 56
"""A weekday profile is that of these days: eight of each weekday."""

_WEEK = 7

WayAhead: TypeAlias = Callable[[DailyUse, PartOfMonth], Decimal | None]
"""Tells the credits of all days ahead together; None: too little is known."""


def run_rate(use: DailyUse, part: PartOfMonth) -> Decimal | None:
    """Take each day ahead for the mean of the month's known days."""
    return use.over(part.known) / len(part.known) * len(part.ahead) if part.known else None


def weekday_profile(use: DailyUse, part: PartOfMonth) -> Decimal | None:
    """Take each day ahead for the mean of its weekday, at the level of the month's known days."""
    if not part.known:
        return None
    last = part.known[-1]
    days = days_between(max(use.since, last - timedelta(days=PROFILE_DAYS - 1)), last)
    if len(days) < 2 * _WEEK:  # one of each weekday is an accident, no profile
        return None
    profile = [mean(use.on(day) for day in days if day.weekday() == weekday) for weekday in range(_WEEK)]
    expected = sum((profile[day.weekday()] for day in part.known), Decimal(0))
    if not expected:
        return None
    return use.over(part.known) / expected * sum((profile[day.weekday()] for day in part.ahead), Decimal(0))


WAYS: Mapping[WayAhead, str] = {
    run_rate: "Run rate: each day to come as the mean of the days known.",
    weekday_profile: (
        "Weekday profile: each day to come as the mean of its weekday over eight weeks, at the level of the days known."
    ),
}
"""In words. The simplest comes first: of two that were equally wrong it is taken."""
