"""A month divided by one column after the other, for a reader who wants the dearest of each."""

from __future__ import annotations

from decimal import Decimal

from aijobs_sdk.usage.facts.totals import NUMBER_COLUMNS, OTHER_MODELS, DailyCredits, Division, UsageGroup, UsageTotals
from aijobs_sdk.usage.report.groups import month_groups
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

DIVIDED_BY = ("tenant_id", "user_id", "model", "provider", "query_type")
MOST_GROUPS = 20
"""So many of a column are shown one by one; of days all."""

MOST_MODELS = 8
"""So many are told of by day, one by one."""


def divisions(store: UsageStore, month: str) -> tuple[Division, ...]:
    """Return `month` by each of DIVIDED_BY, and by day."""
    return (*(_division(store, month, column) for column in DIVIDED_BY), _days(store, month))


def daily_credits(store: UsageStore, month: str) -> tuple[DailyCredits, ...]:
    """Return the credits by day and model: the MOST_MODELS dearest by name, then OTHER_MODELS."""
    found = store.ask(statement("report/daily"), {"month": month, "most": MOST_MODELS, "others": OTHER_MODELS})
    return tuple(DailyCredits.model_validate(row) for row in found)


class _Place(UsageTotals):
    """One value of a column, or in the last place all others together."""

    value: str | None
    values: int

    @property
    def totals(self) -> dict[str, int | Decimal | None]:
        return dict(zip(NUMBER_COLUMNS, self.numbers, strict=True))


def _division(store: UsageStore, month: str, column: str) -> Division:
    query = statement("report/division").replace("{column}", column)
    found = [_Place.model_validate(row) for row in store.ask(query, {"month": month, "most": MOST_GROUPS})]
    shown, others = found[:MOST_GROUPS], found[MOST_GROUPS:]
    return Division(
        by=column,
        groups=tuple(UsageGroup.model_validate({"keys": {column: place.value}, **place.totals}) for place in shown),
        rest=UsageTotals.model_validate(others[0].totals) if others else None,
        rest_groups=others[0].values if others else 0,
    )


def _days(store: UsageStore, month: str) -> Division:
    days = month_groups(store, month, ["day"])
    return Division(by="day", groups=tuple(sorted(days, key=lambda group: group.keys["day"])))
