"""Results as frames: the same columns and values, whichever library is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.reading.cells import to_json
from aijobs_sdk.batch.row import FIXED_COLUMNS, MORE_COLUMNS, BatchRow, RowStatus
from aijobs_sdk.batch.writing.frames import to_arrow, to_pandas, to_polars
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo

COLUMNS = Columns()
COLUMNS.note({"q": "x", "status": "new"})


class Ticket(BaseModel):
    topic: str
    place: dict[str, int]


GOOD = BatchRow(
    index=0,
    inputs={"q": "one", "status": "new"},
    status=RowStatus.COMPLETED,
    content="Heat.",
    output=Ticket(topic="heat", place={"x": 1}),
    model="gpt-5.2",
    input_tokens=3,
    output_tokens=9,
    credits=Decimal("0.100000"),
    attempts=1,
    job_id=UUID(int=1),
)
BAD = BatchRow(
    index=1,
    inputs={"q": "two"},
    status=RowStatus.FAILED,
    error=ErrorInfo(code="rate_limited", category=ErrorCategory.RATE_LIMIT, message="Too many."),
    model="gpt-5.2",
    attempts=3,
)
SKIPPED = BatchRow(index=2, inputs={"q": None}, status=RowStatus.SKIPPED, model="gpt-5.2")
ROWS = [GOOD, BAD, SKIPPED]
NAMES = ["q", "input_status", *FIXED_COLUMNS, *MORE_COLUMNS, "topic", "place"]


def records(frame: pa.Table | pd.DataFrame | pl.DataFrame) -> list[dict[str, object]]:
    match frame:
        case pa.Table():
            return frame.to_pylist()
        case pl.DataFrame():
            return frame.to_dicts()
        case _:
            objects = frame.astype(object)
            return objects.where(objects.notna(), None).to_dict("records")  # type: ignore[return-value]


def columns_of(rows: Iterable[BatchRow]) -> Columns:
    columns = Columns()
    for row in rows:
        columns.note(row.inputs)
    return columns


@pytest.fixture(params=[to_arrow, to_pandas, to_polars], ids=lambda make: make.__name__)
def found(request: pytest.FixtureRequest) -> list[dict[str, object]]:
    return records(request.param(iter(ROWS), columns=COLUMNS))


def test_every_library_gives_every_column_of_every_row(found: list[dict[str, object]]) -> None:
    assert [list(record) for record in found] == [NAMES] * 3
    assert [record["q"] for record in found] == ["one", "two", None]
    assert [record["status"] for record in found] == ["completed", "failed", "skipped"]
    assert [record["input_status"] for record in found] == ["new", None, None]


def test_credits_are_exact_and_counts_are_whole_numbers(found: list[dict[str, object]]) -> None:
    assert [record["credits"] for record in found] == [Decimal("0.100000"), None, None]
    assert [record["input_tokens"] for record in found] == [3, None, None]
    assert isinstance(found[0]["input_tokens"], int)


@pytest.mark.parametrize("make", [to_arrow, to_pandas, to_polars])
@pytest.mark.parametrize("number", [7, 1_790_000_000_000_000_001])
def test_whole_numbers_stay_whole_where_some_rows_have_none(make: Any, number: int) -> None:
    rows = [GOOD.replace(inputs={"n": number}, output={"m": number}), SKIPPED.replace(inputs={"n": None})]
    one, two = records(make(rows, columns=columns_of(rows)))
    assert (one["n"], one["m"], two["n"], two["m"]) == (number, number, None, None)
    assert isinstance(one["n"], int)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [([1, 2], "int64"), ([1, None], "Int64"), ([2**63, None], "object"), ([2**63], "uint64"), ([2**60, 0.5], "object")],
)
def test_pandas_makes_no_floats_of_whole_numbers(cells: list[object], dtype: str) -> None:
    rows = [GOOD.replace(inputs={"n": cell}) for cell in cells]
    frame = to_pandas(rows, columns=columns_of(rows))
    assert frame["n"].dtype == dtype
    assert [record["n"] for record in records(frame)] == cells


@pytest.mark.parametrize("kept", [lambda cell: cell, to_json])
def test_instants_of_summer_and_winter_are_instants_in_pandas(kept: Callable[[datetime], object]) -> None:
    cells = [datetime(2026, month, 1, tzinfo=timezone(timedelta(hours=hours))) for month, hours in [(7, 2), (12, 1)]]
    columns = columns_of(GOOD.replace(inputs={"at": cell}) for cell in cells)
    frame = to_pandas([GOOD.replace(inputs={"at": kept(cell)}) for cell in cells], columns=columns)
    assert frame["at"].dt.tz is UTC
    assert list(frame["at"]) == cells


@pytest.mark.parametrize("make", [to_arrow, to_pandas, to_polars])
@pytest.mark.parametrize("kept", [lambda cell: cell, to_json])
def test_durations_are_durations_in_every_library(make: Any, kept: Callable[[timedelta], object]) -> None:
    cells = [timedelta(hours=30), timedelta(days=-1, microseconds=1)]
    columns = columns_of(GOOD.replace(inputs={"took": cell}) for cell in [*cells, None])
    rows = [GOOD.replace(inputs={"took": kept(cell)}) for cell in cells]
    assert [record["took"] for record in records(make(rows, columns=columns))] == cells


def test_pandas_takes_yes_and_no_for_what_they_are_where_some_rows_have_neither() -> None:
    rows = [GOOD.replace(inputs={"is_new": cell}) for cell in [True, None, False]]
    assert to_pandas(rows, columns=columns_of(rows))["is_new"].dtype == "boolean"


@pytest.mark.parametrize("wrap", [lambda cell: cell, lambda cell: [cell], lambda cell: {"n": cell}])
def test_polars_gets_decimals_of_more_digits_than_it_knows_as_text(wrap: Any) -> None:
    rows = [GOOD.replace(inputs={"n": wrap(Decimal(2**127))})]
    [record] = records(to_polars(rows, columns=columns_of(rows)))
    assert str(2**127) in str(record["n"])


def test_errors_are_objects_of_three_fields(found: list[dict[str, object]]) -> None:
    assert found[0]["error"] is None
    assert found[1]["error"] == {"code": "rate_limited", "category": "rate_limit", "message": "Too many."}


def test_structured_answers_are_columns_and_their_parts_stay_whole(found: list[dict[str, object]]) -> None:
    assert [record["topic"] for record in found] == ["heat", None, None]
    assert found[0]["place"] == {"x": 1}


@pytest.mark.parametrize("make", [to_arrow, to_pandas, to_polars])
def test_conversations_have_a_column_of_answers(make: type) -> None:
    frame = make([GOOD.replace(answers=("a", "b"), content="b"), BAD], columns=COLUMNS)
    talked, failed = records(frame)
    assert failed["answers"] is None
    assert list(talked["answers"]) == ["a", "b"]  # type: ignore[call-overload]


@pytest.mark.parametrize("make", [to_arrow, to_pandas, to_polars])
def test_no_rows_make_a_frame_of_columns(make: type) -> None:
    frame = make([], columns=COLUMNS)
    assert len(frame) == 0
    assert list(getattr(frame, "column_names", frame.columns)) == ["q", "input_status", *FIXED_COLUMNS, *MORE_COLUMNS]
