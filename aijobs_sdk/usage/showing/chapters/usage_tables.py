"""The tables that divide a month's usage: by the columns asked for, by each column, by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import Division, Spread, UsageTotals
from aijobs_sdk.usage.showing.fact_table import Cell, Column, FactTable, Kind

COLUMN_LABELS = {
    "tenant_id": "Tenant",
    "user_id": "User",
    "model": "Model",
    "provider": "Provider",
    "query_type": "Type",
    "day": "Day",
    "month_year": "Month of use",
    "document_id": "Document",
    "kind": "Kind",
}

REQUESTS = Column("rows", "Requests", Kind.COUNT)
INPUT_TOKENS = Column("input_tokens", "Input tokens", Kind.COUNT)
OUTPUT_TOKENS = Column("output_tokens", "Output tokens", Kind.COUNT)
CREDITS = Column("credits", "Credits", Kind.AMOUNT)
USAGE_COLUMNS = (REQUESTS, INPUT_TOKENS, OUTPUT_TOKENS, CREDITS, Column("metered_credits", "Metered", Kind.AMOUNT))
"""Of `UsageTotals.numbers`, in that order."""

_SHARE = Column("share", "Share", Kind.SHARE)
_PRECISE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def key_column(name: str) -> Column:
    """Return the column that holds the values usage is divided by."""
    return Column(name, COLUMN_LABELS.get(name, name), Kind.TEXT)


def part_of(amount: Decimal, whole: Decimal) -> Decimal | None:
    """Return which part of `whole` an amount is, to six places; None: there is no whole."""
    return _PRECISE.divide(amount, whole).quantize(Decimal("0.000001")) if whole else None


def groups_table(facts: MonthFacts) -> FactTable:
    """Return the bill: the month divided by the columns that were asked for, with its total."""
    if not facts.by:
        return FactTable(name="groups", caption="Credits", columns=USAGE_COLUMNS, rows=(facts.totals.numbers,))
    return FactTable(
        name="groups",
        caption=f"Credits by {_listed(facts.by)}",
        columns=(*map(key_column, facts.by), *USAGE_COLUMNS),
        rows=tuple((*group.keys.values(), *group.numbers) for group in facts.groups),
        total=("Total", *[None] * (len(facts.by) - 1), *facts.totals.numbers),
    )


def division_tables(facts: MonthFacts) -> tuple[FactTable, ...]:
    """Return the month divided by one column after another."""
    return tuple(_division_table(division, facts) for division in facts.divisions if division.groups)


def daily_table(facts: MonthFacts) -> FactTable:
    """Return the credits of each day and model."""
    return FactTable(
        name="daily",
        caption="Credits of each day, by model",
        columns=(Column("day", "Day", Kind.DAY), key_column("model"), CREDITS),
        rows=tuple((daily.day, daily.model, daily.credits) for daily in facts.daily),
        total=("Total", None, sum((daily.credits for daily in facts.daily), Decimal(0))),
    )


def spread_table(spreads: Sequence[Spread]) -> FactTable:
    """Return what is usual, and what one in twenty exceeds."""
    return FactTable(
        name="spreads",
        caption="Tokens and seconds of one request",
        columns=(
            Column("measure", "Measure", Kind.TEXT),
            Column("model", "Model", Kind.TEXT),
            REQUESTS,
            Column("p50", "Median", Kind.FIGURE),
            Column("p95", "95th percentile", Kind.FIGURE),
        ),
        rows=tuple(
            (_MEASURES[spread.measure], spread.model or "all models", spread.rows, spread.p50, spread.p95)
            for spread in spreads
        ),
    )


_MEASURES = {"input_tokens": "input tokens", "output_tokens": "output tokens", "latency_seconds": "seconds"}


def _division_table(division: Division, facts: MonthFacts) -> FactTable:
    whole = facts.totals
    rows: list[tuple[Cell, ...]] = [
        (group.keys[division.by], *group.numbers, part_of(group.credits, whole.credits)) for group in division.groups
    ]
    if division.rest is not None:
        rows.append(_rest_row(division.rest, division.rest_groups, whole))
    return FactTable(
        name=f"by-{division.by.removesuffix('_id').replace('_', '-')}",
        caption=f"Credits by {COLUMN_LABELS.get(division.by, division.by).lower()}",
        columns=(key_column(division.by), *USAGE_COLUMNS, _SHARE),
        rows=tuple(rows),
        total=("Total", *whole.numbers, part_of(whole.credits, whole.credits)),
        bar=_SHARE.name,
    )


def _rest_row(rest: UsageTotals, groups: int, whole: UsageTotals) -> tuple[Cell, ...]:
    return f"({counted(groups, 'other')})", *rest.numbers, part_of(rest.credits, whole.credits)


def _listed(names: Iterable[str]) -> str:
    *others, last = (COLUMN_LABELS.get(name, name).lower() for name in names)
    return f"{', '.join(others)} and {last}" if others else last
