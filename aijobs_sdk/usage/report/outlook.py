"""The forecast of a month from what a store holds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.usage.facts.owed import Forecast
from aijobs_sdk.usage.report.daily_use import DailyUse, days_of_month, months_before
from aijobs_sdk.usage.report.forecast import MOST_TESTED, forecast_month
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore, Value

_MONTHS_READ = MOST_TESTED + 2  # the earliest one that is tested looks back eight weeks, too


class _Day(Fact):
    day: date
    credits: Decimal
    first_day: date
    """Of all that the store holds, as `last_day`."""
    last_day: date


def month_forecast(store: UsageStore, month: str, *, now: datetime, billed: Decimal) -> Forecast | None:
    """Return what `month`, which bears `billed` so far, will have come to; None: it is not running, or just began.

    A day counts as known when it is over and the store holds a row of a later one: an export may end in mid-day.
    """
    first = month_span(month)[0].date()
    today = now.astimezone(ZoneInfo(store.timezone)).date()
    if today.replace(day=1) != first:
        return None
    earliest = months_before(first, _MONTHS_READ)[-1]
    span: dict[str, Value] = {"since": earliest, "until": days_of_month(first)[-1]}
    days = [_Day.model_validate(row) for row in store.ask(statement("report/credits_by_day"), span)]
    if not days:
        return None
    through = min(today, days[0].last_day) - timedelta(days=1)
    if through < first:
        return None
    use = DailyUse(credits={one.day: one.credits for one in days}, since=max(earliest, days[0].first_day))
    return forecast_month(use, through=through, billed=billed)
