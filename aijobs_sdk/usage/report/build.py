"""The report of a month that is open: each section asked for, and put together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import localcontext

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.billing.amounts import EXACT
from aijobs_sdk.usage.billing.budgets import budget_standings
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.billing.prices import PriceBook
from aijobs_sdk.usage.billing.provider_cost import provider_cost
from aijobs_sdk.usage.billing.statements import plan_statements
from aijobs_sdk.usage.checking.jobs import reconcile_jobs
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.reading.files import data_quality
from aijobs_sdk.usage.report.anomalies import month_anomalies
from aijobs_sdk.usage.report.comparisons import corrections, month_before
from aijobs_sdk.usage.report.divisions import daily_credits, divisions
from aijobs_sdk.usage.report.documents import document_cost
from aijobs_sdk.usage.report.groups import group_columns, month_groups, month_totals
from aijobs_sdk.usage.report.outlook import month_forecast
from aijobs_sdk.usage.report.spreads import spreads
from aijobs_sdk.usage.report.waste import waste
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore


class _State(Fact):
    """How new a month's rows are, and how often it was closed."""

    newest: datetime | None
    times_closed: int


def month_facts(
    store: UsageStore,
    month: str,
    by: str | Iterable[str],
    *,
    now: datetime,
    prices: PriceBook,
    plans: PlanBook | None = None,
) -> MonthFacts:
    """Return what `month` is billed at by now, and why, divided `by` columns. One that nobody used is full of nothing.

    What was kept of a closed month is `closing.months.closed_facts`; here it is reckoned anew, as if it were open.

    Raises:
        InvalidRequestError: no such month can be, or a column is not in GROUP_COLUMNS.
    """
    columns = group_columns(by)
    with store.reading(), localcontext(EXACT):  # one state for all sections
        return _facts(store, month, columns, now=now, prices=prices, plans=plans)


def _facts(
    store: UsageStore, month: str, columns: tuple[str, ...], *, now: datetime, prices: PriceBook, plans: PlanBook | None
) -> MonthFacts:
    totals = month_totals(store, month)
    forecast = month_forecast(store, month, now=now, billed=totals.credits)
    state = _state(store, month)
    return MonthFacts(
        month=month,
        timezone=store.timezone,
        status="open",
        version=state.times_closed,
        as_of=now,
        data_until=state.newest and state.newest.replace(tzinfo=UTC),
        by=columns,
        totals=totals,
        groups=month_groups(store, month, columns) if columns else (),
        divisions=divisions(store, month),
        daily=daily_credits(store, month),
        spreads=spreads(store, month),
        before=month_before(store, month, totals),
        corrections=corrections(store, month),
        cost=provider_cost(store, month, prices),
        waste=waste(store, month),
        documents=document_cost(store, month),
        statements=plan_statements(store, month, plans) if plans else (),
        budgets=budget_standings(store, month, plans, forecast) if plans else (),
        forecast=forecast,
        anomalies=month_anomalies(store, month),
        jobs=reconcile_jobs(store, month),
        quality=data_quality(store),
    )


def _state(store: UsageStore, month: str) -> _State:
    (row,) = store.ask(statement("report/newest"), {"month": month})
    return _State.model_validate(row)
