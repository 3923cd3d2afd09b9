"""What we do with exports: read them into a store once, and ask it. Each is called in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aijobs_sdk.usage.usage import Usage
from benchmarks.usage.peers import bill_of, peak_megabytes

MONTH = "2025-06"
ASKED_AGAIN = 5
"""Times in the same process, after the first."""

BILL = """
SELECT
    tenant_id, model, billing_month, sum(quantity) AS rows, sum(input_tokens + output_tokens) AS tokens,
    sum(credits_used) AS credits, quantile_cont(input_tokens + output_tokens, 0.95) AS p95
FROM usage WHERE {which} GROUP BY ALL
"""
BILL_OF_MONTH = BILL.format(which=f"billing_month = '{MONTH}'")
BILL_OF_YEAR = BILL.format(which="billing_month BETWEEN '2025-01' AND '2025-12'")

QUESTIONS: Mapping[str, Callable[[Usage], object]] = {
    "month by tenant, model": lambda usage: usage.monthly(MONTH, by=["tenant_id", "model"]),
    "month by tenant, model, with p95": lambda usage: usage.sql(BILL_OF_MONTH),
    "month by user": lambda usage: usage.monthly(MONTH, by="user_id"),
    "month by day": lambda usage: usage.monthly(MONTH, by="day"),
    "month's totals": lambda usage: usage.monthly(MONTH, by="month_year"),
}
"""Of one month."""

Bill = Mapping[str, str | int | float]


class Cost(NamedTuple):
    """What it took."""

    seconds: float
    megabytes: float
    """The most that was resident."""


class Asked(NamedTuple):
    """What a question took, in milliseconds."""

    first: float
    """With the store just opened."""
    again: float
    """The best of some more in the same process."""


def ingest(paths: Sequence[str], store: Path, rows: int | None) -> Cost:
    """Read exports into a store, and see that it holds so many rows in all; None: whatever it holds then."""
    start = time.perf_counter()
    with Usage(paths, store=store) as usage:
        seconds = time.perf_counter() - start
        kept = usage.quality.kept
    assert rows is None or kept == rows, f"{kept} rows were kept of {rows}"
    return Cost(seconds, peak_megabytes())


def ask(store: Path, question: str) -> Asked:
    """Ask a store one of the questions."""
    return _asked(store, QUESTIONS[question])


def ask_for_report(store: Path) -> Asked:
    """Ask a store for all that a report on the month tells."""
    return _asked(store, lambda usage: usage.report(MONTH))


def ask_of_year(store: Path) -> Asked:
    """Ask a store for twelve months at once."""
    return _asked(store, lambda usage: usage.sql(BILL_OF_YEAR))


def bill(store: Path, month: str | None) -> Bill:
    """Return what a month, or the year, adds up to, as the peers tell it."""
    with Usage(store=store) as usage:
        return bill_of(usage.sql(BILL_OF_MONTH if month else BILL_OF_YEAR).cells)


def _asked(store: Path, question: Callable[[Usage], Any]) -> Asked:
    with Usage(store=store) as usage:
        first = _milliseconds(question, usage)
        return Asked(first, min(_milliseconds(question, usage) for _ in range(ASKED_AGAIN)))


def _milliseconds(question: Callable[[Usage], object], usage: Usage) -> float:
    start = time.perf_counter()
    question(usage)
    return (time.perf_counter() - start) * 1000
