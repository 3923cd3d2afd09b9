"""What an open month will have come to, by the way of telling that would have been less wrong before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import mean

from aijobs_sdk.providers.models import CREDIT_STEP
from aijobs_sdk.usage.facts.owed import Forecast
from aijobs_sdk.usage.report.daily_use import DailyUse, PartOfMonth, days_of_month, months_before
from aijobs_sdk.usage.report.ways_ahead import WAYS, WayAhead, run_rate

LEAST_DAYS = 3
"""So many days of a month must be known before anything is said of the others."""

MOST_TESTED = 6
"""So many whole months before are used to test."""

LEAST_COMPARED = 2
"""So many months must be there to choose by: in a single one the less simple way may have had luck."""

_RATIO_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class _Test:
    """What a way would have told of a month, and what that came to."""

    forecast: Decimal
    actual: Decimal

    @property
    def error(self) -> Decimal:
        """How far off it was, as a part of what the month came to."""
        return abs(self.actual - self.forecast) / self.actual

    @property
    def miss(self) -> Decimal:
        """How far off it was, as a part of what was told: at the time, that is all one has."""
        return abs(self.actual - self.forecast) / self.forecast


def forecast_month(use: DailyUse, *, through: date, billed: Decimal) -> Forecast | None:
    """Return what the month of `through`, its last known day, will have come to; all looks at `use` alone.

    `billed` is what the month bears by now, corrections and days that are not over among it: it is never told to become
    less. Each way is tested on up to MOST_TESTED whole months before, known up to the same day, and the one with the
    smaller mean error is taken. None: fewer than LEAST_DAYS are known, or no day is ahead.
    """
    part = PartOfMonth.through(through, since=use.since)
    if len(part.known) < LEAST_DAYS or not part.ahead:
        return None
    way, ahead, tests = _best_way(use, part)
    fixed = billed - use.over(part.ahead)  # what a day that is not over holds by now is told anew, as a whole day
    told = max(billed, fixed + ahead)
    low, high = _tested_range(told, tests) if tests else _known_range(use, part, fixed)
    return Forecast(
        credits=_rounded(told),
        low=_rounded(max(billed, low)),
        high=_rounded(max(told, high)),
        through=through,
        method=f"{WAYS[way]} {_words(tests)}",
        tested_months=len(tests),
        error=_mean_error(tests).quantize(_RATIO_PLACES, ROUND_HALF_EVEN) if tests else None,
    )


def _best_way(use: DailyUse, part: PartOfMonth) -> tuple[WayAhead, Decimal, Sequence[_Test]]:
    """Return the way that was the least wrong over the months that all ways can be tested on, and all its own tests."""
    told = {way: ahead for way in WAYS if (ahead := way(use, part)) is not None}
    months = _months_to_test(use, part)
    tests = {way: [_tested(way, use, month) for month in months] for way in told}
    shared = [number for number in range(len(months)) if all(of_way[number] for of_way in tests.values())]
    best: WayAhead = run_rate
    if len(shared) >= LEAST_COMPARED:
        best = min(told, key=lambda way: _mean_error(tests[way][number] for number in shared))
    return best, told[best], [test for test in tests[best] if test]


def _months_to_test(use: DailyUse, part: PartOfMonth) -> Sequence[PartOfMonth]:
    return [
        PartOfMonth.through(_same_day(first, part.known[-1]), since=use.since)
        for first in months_before(part.known[0], MOST_TESTED)
        if first >= use.since
    ]


def _tested(way: WayAhead, use: DailyUse, part: PartOfMonth) -> _Test | None:
    ahead = way(use, part)
    if ahead is None:
        return None
    known = use.over(part.known)
    test = _Test(forecast=known + ahead, actual=known + use.over(part.ahead))
    return test if test.forecast > 0 and test.actual > 0 else None


def _same_day(first: date, last_known: date) -> date:
    """Return the same day in the month of `first`; one day before its end at the latest, so that there is one ahead."""
    days = days_of_month(first)
    return days[min(last_known.day, len(days) - 1) - 1]


def _mean_error(tests: Iterable[_Test | None]) -> Decimal:
    return mean(test.error for test in tests if test)


def _tested_range(told: Decimal, tests: Sequence[_Test]) -> tuple[Decimal, Decimal]:
    misses = sorted(test.miss for test in tests)
    usual = misses[(len(misses) * 4 + 4) // 5 - 1]  # of five, the fourth; of six, the fifth
    return told * (1 - usual), told * (1 + usual)


def _known_range(use: DailyUse, part: PartOfMonth, fixed: Decimal) -> tuple[Decimal, Decimal]:
    known = [use.on(day) for day in part.known]
    return fixed + min(known) * len(part.ahead), fixed + max(known) * len(part.ahead)


def _words(tests: Sequence[_Test]) -> str:
    if not tests:
        return (
            "Not tested, for want of a whole month before; low and high are days like the least and the most known one."
        )
    months = "the whole month before" if len(tests) == 1 else f"{len(tests)} whole months before"
    return f"Tested on {months}, known up to the same day."


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CREDIT_STEP, ROUND_HALF_EVEN)
