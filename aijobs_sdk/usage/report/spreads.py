"""How tokens and latency spread: the half and the nineteen of twenty that a row stays below."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.facts.totals import Measure, Spread
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

BUCKETS_PER_UNIT: Mapping[Measure, int] = {"input_tokens": 1, "output_tokens": 1, "latency_seconds": 100}
"""How finely rows are counted before a percentile is looked up among the few that lie around it.

It decides how fast that is, not what comes out.
"""

_VALUES: Mapping[Measure, str] = {"latency_seconds": "CASE WHEN NOT economy THEN latency_seconds END"}
"""What says a measure, where that is not the column alone: nobody waits for a vendor's own batch, which takes hours."""


class _Percentiles(Fact):
    """The values on either side of each percentile."""

    model: str | None
    rows: int
    below_p50: Decimal
    above_p50: Decimal
    below_p95: Decimal
    above_p95: Decimal


def spreads(store: UsageStore, month: str) -> tuple[Spread, ...]:
    """Return the spread of each measure over the month's own rows: over all of them, then by model, most rows first."""
    return tuple(spread for measure in BUCKETS_PER_UNIT for spread in _spreads_of(store, month, measure))


def between(below: Decimal, above: Decimal, *, rows: int, percent: int) -> Decimal:
    """Return the percentile of `rows` ordered values, exactly, from the two values it lies between.

    It lies (rows - 1) * percent / 100 steps from the first value.
    """
    hundredths = (rows - 1) * percent % 100
    return below + (above - below) * hundredths / 100


def _spreads_of(store: UsageStore, month: str, measure: Measure) -> tuple[Spread, ...]:
    query = statement("report/spread").replace("{measure}", _VALUES.get(measure, measure))
    found = store.ask(query, {"month": month, "buckets_per_unit": BUCKETS_PER_UNIT[measure]})
    return tuple(_spread(measure, row) for row in found)


def _spread(measure: Measure, row: Mapping[str, object]) -> Spread:
    found = _Percentiles.model_validate(row)
    return Spread(
        measure=measure,
        model=found.model,
        rows=found.rows,
        p50=between(found.below_p50, found.above_p50, rows=found.rows, percent=50),
        p95=between(found.below_p95, found.above_p95, rows=found.rows, percent=95),
    )
