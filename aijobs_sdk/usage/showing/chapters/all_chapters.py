"""The chapters of a report, in the order they are read."""

from __future__ import annotations

from decimal import Decimal

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.costs import DocumentCost, Waste
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import MonthBefore, UsageTotals
from aijobs_sdk.usage.showing.chapters.cost import cost_chapter
from aijobs_sdk.usage.showing.chapters.definitions import DEFINITIONS
from aijobs_sdk.usage.showing.chapters.owed import (
    budgets_chapter,
    corrections_chapter,
    plans_chapter,
)
from aijobs_sdk.usage.showing.chapters.trust import anomalies_chapter, jobs_chapter, quality_chapter, waste_chapter
from aijobs_sdk.usage.showing.chapters.usage_tables import (
    daily_table,
    division_tables,
    groups_table,
    part_of,
    spread_table,
)
from aijobs_sdk.usage.showing.fact_table import Chapter, Column, FactTable, Kind
from aijobs_sdk.usage.showing.figures import exact


def chapters(facts: MonthFacts) -> tuple[Chapter, ...]:
    """Return what there is to say about a month; a chapter that would say nothing is left out."""
    return (
        *([_by_day(facts)] if facts.daily else []),
        _bill(facts),
        *([_divided(facts)] if division_tables(facts) else []),
        *([_compared(facts.before, facts.totals)] if facts.before else []),
        *([plans_chapter(facts.statements)] if facts.statements else []),
        *([corrections_chapter(facts.corrections)] if facts.corrections else []),
        *([budgets_chapter(facts.budgets, facts.forecast)] if facts.budgets or facts.forecast else []),
        *([cost_chapter(facts.cost)] if facts.cost.priced or facts.cost.unpriced else []),
        *([waste_chapter(facts.waste)] if _has_waste(facts.waste) else []),
        *([_spread(facts)] if facts.spreads else []),
        *([anomalies_chapter(facts.anomalies)] if facts.anomalies else []),
        *([jobs_chapter(facts.jobs)] if facts.jobs else []),
        quality_chapter(facts.quality),
        DEFINITIONS,
    )


def _by_day(facts: MonthFacts) -> Chapter:
    return Chapter(name="days", title="Day by day", tables=(daily_table(facts),))


def _bill(facts: MonthFacts) -> Chapter:
    return Chapter(
        name="bill",
        title="Credits",
        sentences=(_documents_sentence(facts.documents),) if facts.documents.documents else (),
        tables=(groups_table(facts),),
    )


def _documents_sentence(documents: DocumentCost) -> str:
    each = f", {exact(documents.credits_per_document)} each" if documents.credits_per_document is not None else ""
    return f"{counted(documents.documents, 'document')} came of {exact(documents.credits)} credits{each}."


def _divided(facts: MonthFacts) -> Chapter:
    return Chapter(name="divided", title="What it was used for", tables=division_tables(facts))


def _compared(before: MonthBefore, now: UsageTotals) -> Chapter:
    names = ("requests", "input tokens", "output tokens", "credits", "metered credits")
    table = FactTable(
        name="before",
        caption=f"Against {before.month}",
        columns=(
            Column("measure", "Measure", Kind.TEXT),
            Column("before", before.month, Kind.AMOUNT),
            Column("now", "This month", Kind.AMOUNT),
            Column("change", "Change", Kind.SHARE),
        ),
        rows=tuple(
            (name, was, is_now, _change(was, is_now))
            for name, was, is_now in zip(names, before.totals.numbers, now.numbers, strict=True)
        ),
    )
    return Chapter(name="before", title="Against the month before", tables=(table,))


def _change(was: int | Decimal | None, is_now: int | Decimal | None) -> Decimal | None:
    if was is None or is_now is None:
        return None
    return part_of(Decimal(is_now) - Decimal(was), Decimal(was))


def _has_waste(waste: Waste) -> bool:
    jobs = waste.retried_attempts + waste.failed_jobs + waste.cancelled_jobs
    return bool(jobs or waste.wasted_credits or waste.unattributed_credits or waste.retry_cost_estimate)


def _spread(facts: MonthFacts) -> Chapter:
    return Chapter(name="spreads", title="What is usual", tables=(spread_table(facts.spreads),))
