"""What a batch writes: the input's columns, then its own, in three formats, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aijobs_sdk.batch.output import write_rows
from aijobs_sdk.batch.row import OUTPUT_COLUMNS, BatchRow
from aijobs_sdk.batch.rows import read_rows
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobStatus

ERROR = ErrorInfo(code="rate_limited", category=ErrorCategory.RATE_LIMIT, message="Too many.", details={"n": 1})
CONTENT = '# Title\n\nOne, "two"\r\nthree — ünï'


def completed(inputs: Mapping[str, object], index: int = 0) -> BatchRow:
    return BatchRow(
        index=index,
        inputs=inputs,
        status=JobStatus.COMPLETED,
        content=CONTENT,
        model="gpt-5.2",
        input_tokens=3,
        output_tokens=9,
        credits=Decimal("0.100000"),
        attempts=2,
    )


def failed(inputs: Mapping[str, object], index: int = 1) -> BatchRow:
    return BatchRow(index=index, inputs=inputs, status=JobStatus.FAILED, error=ERROR, model="gpt-5.2", attempts=3)


def written(rows: Sequence[BatchRow], path: Path) -> list[dict[str, object]]:
    """Write the rows and read them back by the standard library, or by Arrow."""
    write_rows(rows, path)
    match path.suffix:
        case ".jsonl":
            return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text("utf-8").splitlines()]
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case _:
            return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_the_columns_are_the_inputs_then_ours(tmp_path: Path, ending: str) -> None:
    rows = written([completed({"b": 1, "a": 2}), failed({"b": 3, "a": 4})], tmp_path / f"out.{ending}")
    assert [list(row) for row in rows] == [["b", "a", *OUTPUT_COLUMNS]] * 2


def test_jsonl_holds_exact_credits_and_errors_as_objects(tmp_path: Path) -> None:
    good, bad = written([completed({"q": "x"}), failed({"q": "y"})], tmp_path / "out.jsonl")
    assert (good["credits"], good["error"], good["content"]) == ("0.100000", None, CONTENT)
    assert (bad["credits"], bad["content"], bad["status"]) == (None, None, "failed")
    assert bad["error"] == ERROR.model_dump(mode="json")


def test_csv_keeps_line_breaks_and_writes_errors_as_json(tmp_path: Path) -> None:
    good, bad = written([completed({"q": "x"}), failed({"q": "y"})], tmp_path / "out.csv")
    assert (good["credits"], good["error"], good["content"]) == ("0.100000", "", CONTENT)
    assert json.loads(str(bad["error"]))["code"] == "rate_limited"


def test_parquet_types_our_columns(tmp_path: Path) -> None:
    good, bad = written([completed({"q": "x"}), failed({"q": "y"})], tmp_path / "out.parquet")
    assert pq.read_schema(tmp_path / "out.parquet").field("credits").type == pa.decimal128(18, 6)
    assert (good["credits"], good["error"]) == (Decimal("0.100000"), None)
    assert bad["error"] == {"code": "rate_limited", "category": "rate_limit", "message": "Too many."}


def test_a_batch_csv_reads_back_as_rows_for_the_next_batch(tmp_path: Path) -> None:
    path = write_rows([completed({"q": "a\nb"})], tmp_path / "out.csv")
    [row] = read_rows(path)
    assert (row["q"], row["content"]) == ("a\nb", CONTENT)


def test_input_columns_with_our_names_are_kept_under_another() -> None:
    record = completed({"index": "x", "model": "y", "input_model": "z"}).record()
    assert (record["index"], record["input_index"]) == (0, "x")
    assert (record["model"], record["input_input_model"], record["input_model"]) == ("gpt-5.2", "y", "z")


def test_rows_may_have_different_columns(tmp_path: Path) -> None:
    one, two = written([completed({"a": 1}), completed({"b": 2})], tmp_path / "out.csv")
    assert (one["a"], one["b"], two["a"], two["b"]) == ("1", "", "", "2")


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (None, None),
        ({"a": [1, None]}, {"a": [1, None]}),
        (Decimal("1E-6"), "0.000001"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (2**70, 2**70),
    ],
)
def test_every_input_value_is_written_as_valid_json(tmp_path: Path, value: object, json_value: object) -> None:
    [row] = written([completed({"q": value})], tmp_path / "out.jsonl")
    assert row["q"] == json_value


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([1, "a"], ["1", "a"]),
        ([1, {"a": [1]}], ["1", '{"a": [1]}']),
        ([2**70, None], [str(2**70), None]),
        ([{}, {}], ["{}", "{}"]),
        ([[{}], []], ["[{}]", "[]"]),
        ([UUID(int=1), "x"], ["00000000-0000-0000-0000-000000000001", "x"]),
        ([["a"], None], [["a"], None]),
        ([None, None], [None, None]),
    ],
)
def test_what_parquet_cannot_hold_in_one_column_becomes_text(
    tmp_path: Path, values: list[object], column: list[object]
) -> None:
    rows = written([completed({"q": value}, index) for index, value in enumerate(values)], tmp_path / "out.parquet")
    assert [row["q"] for row in rows] == column


@pytest.mark.parametrize("name", ["out.txt", "out", "missing/out.csv", "folder.csv", "x" * 300 + ".csv"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidRequestError, match=r"ending|end in|no folder|is a folder|Cannot write"):
        write_rows([completed({})], tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    full = OSError(28, "No space left on device")
    with (
        patch("json.dumps", side_effect=full),
        pytest.raises(InvalidRequestError, match=r"Cannot write to .*out\.jsonl: No space left"),
    ):
        write_rows([completed({})], path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.jsonl", "old")]
