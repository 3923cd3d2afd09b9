"""However rows are split into files, formats and calls, in any order and overlap: the same bill, to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.exports.export import ExportFormat, export_usage
from aijobs_sdk.usage.reading.files import data_quality
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from usage.reference_bill import Group, ReferenceBill, Sums
from usage.usage_entries import close
from usage.usage_rows import usage_row

MONTHS = ["2025-12", "2026-01", "2026-02"]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Pacific/Chatham"]

rows = st.builds(
    usage_row,
    st.integers(1, 15),
    tenant_id=st.sampled_from([UUID(int=71), UUID(int=72)]),
    model=st.sampled_from(["gpt-5.2", "claude-opus-4.5", 'ö, "x']),
    input_tokens=st.integers(0, 2**40),
    output_tokens=st.integers(0, 2**40),
    credits_used=st.decimals(0, Decimal("999999999.999999"), places=6),
    month_year=st.sampled_from(MONTHS),
    created_at=st.builds(
        lambda days, microseconds: NEW_YEAR + timedelta(days=days, microseconds=microseconds),
        st.sampled_from([-31, -1, 0, 30, 31, 59]),
        st.integers(-1, 1) | st.integers(0, 86_400_000_000 - 1),
    ),
)


class Call(NamedTuple):
    """Files that are read by one call, after a month was closed."""

    closing: str | None
    files: list[tuple[ExportFormat, list[UsageRow]]]


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Draw some rows, and how they are told: in part, repeatedly, under one id with other content."""
    pool = draw(st.lists(rows, min_size=1, max_size=12))
    formats: st.SearchStrategy[ExportFormat] = st.sampled_from(["csv", "jsonl", "parquet"])
    file = st.tuples(formats, st.lists(st.sampled_from(pool), min_size=1, max_size=8))
    return draw(
        st.lists(
            st.builds(Call, st.none() | st.sampled_from(MONTHS), st.lists(file, min_size=1, max_size=3)), max_size=3
        )
    )


def billed(store: UsageStore) -> dict[Group, Sums]:
    """Return what the store bills, by group."""
    found = store.ask("""
        SELECT
            billing_month, tenant_id, model, day, sum(quantity)::BIGINT, sum(input_tokens)::BIGINT,
            sum(output_tokens)::BIGINT, sum(credits_used)
        FROM usage
        GROUP BY ALL
    """)
    return {Group(*cells[:4]): Sums(*cells[4:]) for cells in found.cells}  # type: ignore[arg-type]


@settings(deadline=None, max_examples=25)
@given(calls=calls(), zone=st.sampled_from(ZONES))
def test_any_telling_of_the_same_rows_gives_the_same_bill(
    tmp_path_factory: pytest.TempPathFactory, calls: list[Call], zone: str
) -> None:
    folder = tmp_path_factory.mktemp("told")
    expected = ReferenceBill(zone)
    store = UsageStore(timezone=zone)
    for call in calls:
        if call.closing is not None and call.closing not in expected.closed:
            expected.closed.add(call.closing)
            close(store, call.closing)
        paths = [path for kind, told in call.files for path in export_usage(told, folder, format=kind)]
        ingest(store, paths)
        ingest(store, paths)
        for _, told in call.files:
            expected.read(told)

    assert billed(store) == expected.groups
    quality = data_quality(store)
    assert quality.rows_read == quality.kept + quality.duplicates + quality.quarantined
    assert quality.kept == len(expected.first)


@settings(deadline=None, max_examples=15)
@given(told=st.lists(rows, min_size=1, max_size=12, unique_by=lambda row: row.id), data=st.data())
def test_the_order_of_files_does_not_matter_where_no_id_says_two_things(
    tmp_path_factory: pytest.TempPathFactory, told: list[UsageRow], data: st.DataObject
) -> None:
    folder: Path = tmp_path_factory.mktemp("order")
    cut = data.draw(st.integers(0, len(told)))
    parts = [told[:cut], told[cut:], data.draw(st.permutations(told))]
    paths: list[Path] = [path for part in parts for path in export_usage(part, folder, format="csv")]
    store, other = UsageStore(), UsageStore()

    ingest(store, paths)
    ingest(other, data.draw(st.permutations(paths)))

    assert billed(store) == billed(other)
