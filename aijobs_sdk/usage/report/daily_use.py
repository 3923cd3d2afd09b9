"""Credits by day, and a month of which the first days are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Self


@dataclass(frozen=True)
class DailyUse:
    """Credits used on each day; a day without an entry is one without use."""

    credits: Mapping[date, Decimal]
    since: date
    """The first day on record: of those before nothing is known."""

    def on(self, day: date) -> Decimal:
        """Return the credits of one day."""
        return self.credits.get(day, Decimal(0))

    def over(self, days: Iterable[date]) -> Decimal:
        """Return the credits of some days together."""
        return sum(map(self.on, days), Decimal(0))


@dataclass(frozen=True)
class PartOfMonth:
    """The days of a month that are known, and those ahead."""

    known: tuple[date, ...]
    ahead: tuple[date, ...]

    @classmethod
    def through(cls, last_known: date, *, since: date) -> Self:
        """Return the month of `last_known`, of which nothing is known before `since`."""
        days = days_of_month(last_known)
        known = tuple(day for day in days[: last_known.day] if day >= since)
        return cls(known=known, ahead=days[last_known.day :])


def days_between(first: date, last: date) -> tuple[date, ...]:
    """Return all days from `first` to `last`, both among them."""
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def days_of_month(day: date) -> tuple[date, ...]:
    """Return all days of the month that `day` lies in."""
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return days_between(first, following - timedelta(days=1))


def months_before(day: date, count: int) -> tuple[date, ...]:
    """Return the first days of the `count` months before the one of `day`, the latest first."""
    firsts = [day.replace(day=1)]
    for _ in range(count):
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return tuple(firsts[1:])
