"""Days on which a tenant used far more, or far less, of a model than on the days before.

The score is a robust z: how many typical deviations a day is off the median of the days before. Typical is the larger
of two:

- the median absolute deviation, scaled to a standard one (Iglewicz and Hoaglin, "How to Detect and Handle Outliers",
  1993). Where it is 0, as most days are alike, the standard one: so bursts that come again are not told each time.
- what chance alone does to a sum of rows that come one by one: the square root of their number, and one, in credits of
  a mean row. So a few rows more than usual are never told of, however regular the days before were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median, pstdev

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.providers.models import CREDIT_STEP
from aijobs_sdk.usage.facts.owed import Anomaly
from aijobs_sdk.usage.report.daily_use import days_of_month
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

THRESHOLD = Decimal(6)
"""From this score on a day is told of."""

LEAST_CREDITS = Decimal(10)
"""A day that is less off than that is not worth a line."""

MOST_DAYS_BEFORE = 60
LEAST_DAYS_BEFORE = 7

MOST_ANOMALIES = 50
_MOST_CANDIDATES = 4 * MOST_ANOMALIES

_MEDIAN_TO_STANDARD = Decimal("1.4826")
_SCORE_PLACES = Decimal("0.01")


@dataclass(frozen=True)
class DaysBefore:
    """Credits of the days before one, days without use among them, and how many rows they had together."""

    credits: Sequence[Decimal]
    rows: int

    @property
    def usual(self) -> Decimal:
        """The median."""
        return median(self.credits)

    @property
    def deviation(self) -> Decimal:
        """What is a typical deviation from it."""
        usual = self.usual
        median_deviation = median(abs(amount - usual) for amount in self.credits)
        return max(median_deviation * _MEDIAN_TO_STANDARD or pstdev(self.credits), self._chance)

    @property
    def _chance(self) -> Decimal:
        total = sum(self.credits, Decimal(0))
        if self.rows <= 0 or total <= 0:
            return Decimal(0)
        row, day = total / self.rows, total / len(self.credits)
        return row + (day * row).sqrt()

    def score(self, used: Decimal) -> Decimal | None:
        """Return how many typical deviations a day is off; None: nothing before says what is typical."""
        deviation = self.deviation
        return (used - self.usual) / deviation if deviation else None


class _Candidate(Fact):
    tenant_id: str
    model: str
    day: date
    credits: Decimal
    before: tuple[Decimal, ...]
    rows_before: int


def month_anomalies(store: UsageStore, month: str) -> tuple[Anomaly, ...]:
    """Return the days of `month` that are out of line, furthest off in credits first; at most MOST_ANOMALIES."""
    days = days_of_month(month_span(month)[0].date())
    limits = {
        "window": MOST_DAYS_BEFORE,
        "least_days": LEAST_DAYS_BEFORE,
        "least_credits": LEAST_CREDITS,
        "threshold": THRESHOLD,
        "most": _MOST_CANDIDATES,
    }
    found = store.ask(statement("report/unusual_days"), {"first_day": days[0], "last_day": days[-1], **limits})
    told = [anomaly for row in found if (anomaly := _anomaly(_Candidate.model_validate(row)))]
    return tuple(told[:MOST_ANOMALIES])


def _anomaly(candidate: _Candidate) -> Anomaly | None:
    before = DaysBefore(credits=candidate.before, rows=candidate.rows_before)
    score = before.score(candidate.credits)
    if score is None or abs(score) < THRESHOLD or abs(candidate.credits - before.usual) < LEAST_CREDITS:
        return None
    return Anomaly(
        day=candidate.day,
        tenant_id=candidate.tenant_id,
        model=candidate.model,
        credits=candidate.credits,
        usual=before.usual.quantize(CREDIT_STEP, ROUND_HALF_EVEN),
        score=score.quantize(_SCORE_PLACES, ROUND_HALF_EVEN),
    )
