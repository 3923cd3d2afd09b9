"""Whatever rows hold, what is written reads back as the same: by each kind of file, and through a journal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.kinds import has_a_place
from aijobs_sdk.batch.reading.cells import to_json, to_text
from aijobs_sdk.batch.reading.rows import Row, open_rows
from aijobs_sdk.batch.row import FIXED_COLUMNS, BatchRow, RowStatus
from aijobs_sdk.batch.writing.layout import Layout
from aijobs_sdk.batch.writing.output import write_rows

zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-9))])
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    texts,
    st.binary(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=zones),
    st.timedeltas(),
    st.uuids(),
)
cells = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["a", "b", "index", "input_index", "täg", "x.y", ""])
tables = st.lists(st.dictionaries(names, cells, min_size=1, max_size=4), min_size=1, max_size=4)
JOURNAL = [False, True]


def results_of(table: Iterable[Row], *, journal: bool) -> tuple[list[BatchRow], Columns]:
    """Return a finished row for each row, whose inputs went through a journal or did not, and their columns."""
    columns = Columns()
    items = [Item(index, row, {}) for index, row in enumerate(open_rows(table))]
    for item in items:
        columns.note(item.inputs)
    kept = [Item.from_record(item.to_record()) for item in items] if journal else items
    rows = [BatchRow(index=one.index, inputs=one.inputs, status=RowStatus.COMPLETED, model="m") for one in kept]
    return rows, Columns.from_json(columns.to_json())


def read_back(rows: list[BatchRow], columns: Columns, ending: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return list(open_rows(write_rows(rows, Path(folder) / f"out.{ending}", columns=columns)))


def inputs_of(record: Row, columns: Columns) -> Row:
    """Return the input's part of a row that was read back, under the names of the input."""
    layout = Layout(columns, FIXED_COLUMNS, Columns())
    return {name: record[shown] for name, shown in layout.inputs.items() if shown in record}


def without_nothing(value: object) -> Any:
    """Return a value whose objects lack the fields that are nothing: files of fixed types add these."""
    match value:
        case Mapping():
            return {name: without_nothing(held) for name, held in value.items() if held is not None}
        case list():
            return [without_nothing(held) for held in value]
        case _:
            return value


@pytest.mark.parametrize("journal", JOURNAL)
@settings(deadline=None)
@given(table=tables)
def test_lines_of_json_hold_every_value_in_the_words_of_json(journal: bool, table: list[dict[str, object]]) -> None:
    rows, columns = results_of(table, journal=journal)
    found = [inputs_of(record, columns) for record in read_back(rows, columns, "jsonl")]
    assert found == [{name: to_json(value) for name, value in row.items()} for row in table]


@pytest.mark.parametrize("journal", JOURNAL)
@settings(deadline=None)
@given(table=tables)
def test_csv_holds_every_value_as_text_and_nothing_as_empty(journal: bool, table: list[dict[str, object]]) -> None:
    rows, columns = results_of(table, journal=journal)
    found = [inputs_of(record, columns) for record in read_back(rows, columns, "csv")]
    assert found == [{name: to_text(row.get(name)) or None for name in columns.names} for row in table]


@pytest.mark.parametrize("journal", JOURNAL)
@settings(deadline=None)
@given(table=tables)
def test_parquet_holds_every_value_as_it_was_and_a_mixed_column_as_text(
    journal: bool, table: list[dict[str, object]]
) -> None:
    rows, columns = results_of(table, journal=journal)
    found = [inputs_of(record, columns) for record in read_back(rows, columns, "parquet")]
    assert without_nothing(found) == without_nothing([as_in_parquet(row, columns) for row in table])


def as_in_parquet(row: Row, columns: Columns) -> Row:
    return {
        name: value if value is None or has_a_place(columns.kinds[name]) else to_text(value)
        for name, value in row.items()
    }
