"""What does a bill take? Exports read once and asked often, beside engines that read all of them for each question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.fresh_process import in_fresh_process
from benchmarks.table import Measure, Row, compare
from benchmarks.usage import ours
from benchmarks.usage.exports import ROWS_OF_CSV, Exports, as_csv, as_parquet
from benchmarks.usage.ours import MONTH, Asked, Cost
from benchmarks.usage.peer_costs import OneShot, merged_by_dlt, not_installed, one_shots

TITLE = "Bills, from {rows:,} rows of usage; the best of {rounds} rounds, each in a process of its own"
TIMES_FASTER = 20
"""Than the best one-shot: each question about a month."""
MOST_MEGABYTES = 1_500
MOST_SECONDS_FOR_A_FILE = 0.25
MOST_MILLISECONDS_FOR_A_REPORT = 1_000


class Plan(NamedTuple):
    """What is measured."""

    rows: int
    rounds: int
    scratch: Path
    """An empty folder on a disk with one and a half kilobytes a row."""


def rows(plan: Plan) -> Iterator[Row]:
    """Measure everything."""
    yield from not_installed()
    parquet = as_parquet(plan.scratch / "parquet", plan.rows)
    csv = as_csv(plan.scratch / "csv", plan.rows)
    parquet.write()
    csv.write()
    shots = {exports.format: one_shots(exports, month=None, rounds=plan.rounds) for exports in (parquet, csv)}
    for exports in (csv, parquet):
        yield from _ingest(plan, exports, shots[exports.format])
    yield from _questions(plan, parquet, shots["parquet"])
    yield from _one_more_file(plan, csv)
    yield from _twice_as_many(plan)


def _store(exports: Exports) -> Path:
    return exports.folder.with_name(f"{exports.folder.name}.duckdb")


def _ingest(plan: Plan, exports: Exports, shots: Mapping[str, OneShot]) -> Iterator[Row]:
    """All files, from nothing, beside one-shots of the same files that keep nothing."""
    cost = _best(plan, lambda: _ingested_anew(exports))
    year = in_fresh_process(ours.bill, _store(exports), None)
    assert all(shot.bill == year for shot in shots.values()), "the engines do not agree"
    name = f"{exports.files:,} {exports.format} files, from nothing: s"
    yield from compare(Measure(name), cost.seconds, _by_peer(shots, lambda shot: shot.cost.seconds))
    yield from compare(
        Measure("    resident MB", MOST_MEGABYTES), cost.megabytes, _by_peer(shots, lambda shot: shot.cost.megabytes)
    )


def _ingested_anew(exports: Exports) -> Cost:
    _store(exports).unlink(missing_ok=True)
    return in_fresh_process(ours.ingest, [exports.pattern], _store(exports), exports.different_rows)


def _questions(plan: Plan, exports: Exports, shots: Mapping[str, OneShot]) -> Iterator[Row]:
    """Questions to a store, beside the quickest one-shots: of the year's bill, and of one month's rows alone."""
    of_month = one_shots(exports, month=MONTH, rounds=plan.rounds)
    month = in_fresh_process(ours.bill, _store(exports), MONTH)
    assert all(shot.bill == month for shot in of_month.values()), "the engines do not agree"
    quickest = _quickest("one shot", shots)
    target = min(quickest.values()) / TIMES_FASTER if quickest else None
    beside = quickest | _quickest("one shot of the month's rows alone", of_month)
    for question in ours.QUESTIONS:
        asked = [in_fresh_process(ours.ask, _store(exports), question) for _ in range(plan.rounds)]
        yield from _answered(f"{question}: ms", asked, target, beside)
    asked = [in_fresh_process(ours.ask_for_report, _store(exports)) for _ in range(plan.rounds)]
    yield from _answered("month's whole report: ms", asked, MOST_MILLISECONDS_FOR_A_REPORT, beside)
    asked = [in_fresh_process(ours.ask_of_year, _store(exports)) for _ in range(plan.rounds)]
    yield from _answered("12 months so, with p95: ms", asked, None, quickest)


def _answered(name: str, asked: list[Asked], target: float | None, beside: Mapping[str, float]) -> Iterator[Row]:
    yield from compare(Measure(name, target), min(one.first for one in asked), beside)
    yield from compare(Measure("    asked again"), min(one.again for one in asked), {})


def _one_more_file(plan: Plan, exports: Exports) -> Iterator[Row]:
    """10,000 rows, of which 300 were there, held against all ids of the store; then the same file again."""
    later = exports.write_later(plan.rounds)
    store = _store(exports)
    new = [in_fresh_process(ours.ingest, [str(path)], store, None).seconds for path in later]
    again = [in_fresh_process(ours.ingest, [str(path)], store, None).seconds for path in later]
    merged = merged_by_dlt(exports, later)
    peer = "dlt, into as large a store"
    yield from compare(
        Measure(f"{ROWS_OF_CSV:,} rows more: s", MOST_SECONDS_FOR_A_FILE),
        min(new),
        {peer: merged.later} if merged else {},
    )
    yield from compare(Measure("    the same file again: s"), min(again), {peer: merged.again} if merged else {})


def _twice_as_many(plan: Plan) -> Iterator[Row]:
    """Memory does not grow with the rows."""
    exports = as_parquet(plan.scratch / "twice", 2 * plan.rows)
    exports.write()
    cost = _ingested_anew(exports)
    yield from compare(Measure(f"{2 * plan.rows:,} rows of parquet: s"), cost.seconds, {})
    yield from compare(Measure("    resident MB", MOST_MEGABYTES), cost.megabytes, {})


def _best(plan: Plan, measured: Callable[[], Cost]) -> Cost:
    costs = [measured() for _ in range(plan.rounds)]
    return Cost(min(cost.seconds for cost in costs), max(cost.megabytes for cost in costs))


def _by_peer(shots: Mapping[str, OneShot], figure: Callable[[OneShot], float]) -> Mapping[str, float]:
    return {f"{name}, one shot": figure(shot) for name, shot in shots.items()}


def _quickest(way: str, shots: Mapping[str, OneShot]) -> dict[str, float]:
    """Return the milliseconds of the quickest, by its name."""
    if not shots:
        return {}
    name, shot = min(shots.items(), key=lambda item: item[1].cost.seconds)
    return {f"{name}, {way}": shot.cost.seconds * 1000}
