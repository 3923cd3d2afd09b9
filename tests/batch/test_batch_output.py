"""What a batch writes: the input's columns, then its own, in three formats, whole or not at all."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.schema_columns import columns_of_schema
from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.batch.row import FIXED_COLUMNS, MORE_COLUMNS, BatchRow, RowStatus
from aijobs_sdk.batch.writing.layout import ANSWERS, Layout
from aijobs_sdk.batch.writing.output import write_rows
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError
from services.full_disk import room_for

FAR = datetime.max.replace(tzinfo=timezone(timedelta(hours=-9)))
"""By UTC it is later than any date."""
ERROR = ErrorInfo(code="rate_limited", category=ErrorCategory.RATE_LIMIT, message="Too many.", details={"n": 1})
CONTENT = '# Title\n\nOne, "two"\r\nthree — ünï'


def completed(inputs: Mapping[str, object], index: int = 0) -> BatchRow:
    return BatchRow(
        index=index,
        inputs=inputs,
        status=RowStatus.COMPLETED,
        content=CONTENT,
        model="gpt-5.2",
        input_tokens=3,
        output_tokens=9,
        credits=Decimal("0.100000"),
        attempts=2,
    )


def failed(inputs: Mapping[str, object], index: int = 1) -> BatchRow:
    return BatchRow(index=index, inputs=inputs, status=RowStatus.FAILED, error=ERROR, model="gpt-5.2", attempts=3)


def columns_of(rows: Sequence[BatchRow]) -> Columns:
    columns = Columns()
    for row in rows:
        columns.note(row.inputs)
    return columns


def written(
    rows: Sequence[BatchRow],
    path: Path,
    *,
    outputs: Sequence[str] = FIXED_COLUMNS,
    fields: Columns | None = None,
) -> list[dict[str, object]]:
    """Write the rows and read them back by the standard library, or by Arrow."""
    write_rows(iter(rows), path, columns=columns_of(rows), outputs=outputs, fields=fields)
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
    assert [list(row) for row in rows] == [["b", "a", *FIXED_COLUMNS]] * 2


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
    written([completed({"q": "a\nb"})], tmp_path / "out.csv")
    [row] = open_rows(tmp_path / "out.csv")
    assert (row["q"], row["content"]) == ("a\nb", CONTENT)


def test_input_columns_with_our_names_are_kept_under_another() -> None:
    row = completed({"index": "x", "model": "y", "input_model": "z"})
    record = Layout(columns_of([row]), FIXED_COLUMNS, Columns()).record(row)
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
        ([FAR], [FAR.isoformat()]),
        ([["a"], None], [["a"], None]),
        ([None, None], [None, None]),
    ],
)
def test_what_parquet_cannot_hold_in_one_column_becomes_text(
    tmp_path: Path, values: list[object], column: list[object]
) -> None:
    rows = written([completed({"q": value}, index) for index, value in enumerate(values)], tmp_path / "out.parquet")
    assert [row["q"] for row in rows] == column


@pytest.mark.parametrize(
    "name", ["out.txt", "out", "missing/out.csv", "folder.csv", "device.csv", "x" * 300 + ".csv", "a\0.csv"]
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "device.csv").symlink_to("/dev/null")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(InvalidRequestError, match=r"ending|end in|no folder|is a folder|Cannot write|no regular|a NUL"):
        write_rows([completed({})], tmp_path / name, columns=Columns())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["device.csv", "folder.csv", "loop.csv"]


def test_a_link_into_a_folder_that_is_not_there_is_refused_by_that_folder(tmp_path: Path) -> None:
    link = tmp_path / "out.csv"
    link.symlink_to("unmounted/out.csv")
    with pytest.raises(InvalidRequestError) as refused:
        write_rows([completed({})], link, columns=Columns())
    told = f"There is no folder '{tmp_path.resolve() / 'unmounted'}', to which the link {link} leads. Create it first."
    assert refused.value.message == told


@pytest.mark.parametrize("outputs", ["content", None, ["contents"], [7], ["index", "content", "index"]])
def test_a_column_that_is_none_of_ours_is_refused(tmp_path: Path, outputs: list[str]) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"`outputs` (should be a list|names .*, which is no column|.* twice)"
    ):
        write_rows([completed({})], tmp_path / "out.csv", columns=Columns(), outputs=outputs)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_file_that_is_written_again_keeps_its_place_and_who_may_read_it(tmp_path: Path, ending: str) -> None:
    link, file = tmp_path / f"link.{ending}", tmp_path / "kept" / f"out.{ending}"
    file.parent.mkdir()
    file.touch(mode=0o600)
    link.symlink_to(file)
    written([completed({"q": "x"})], link)
    assert link.is_symlink()
    assert (file.stat().st_mode & 0o777, file.stat().st_size > 0) == (0o600, True)


def test_a_link_whose_file_is_yet_to_be_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("out.csv")
    written([completed({"q": "x"})], tmp_path / "link.csv")
    assert (tmp_path / "out.csv").is_file()
    assert (tmp_path / "link.csv").is_symlink()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_text("old")
    rows = [completed({"q": str(index)}, index) for index in range(1000)]
    with room_for(2_000), pytest.raises(InvalidRequestError, match=r"Cannot write to .*out\."):
        written(rows, path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(f"out.{ending}", "old")]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_rows_that_break_off_leave_the_old_file_and_nothing_else(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_text("old")
    rows = (completed({}, index) if index < 2 else 1 / 0 for index in range(3))
    with pytest.raises(ZeroDivisionError):
        write_rows(rows, path, columns=Columns())  # type: ignore[arg-type] # it breaks off before its last
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(f"out.{ending}", "old")]


def test_more_columns_stand_behind_the_fixed_ones_where_they_are_asked_for(tmp_path: Path) -> None:
    row = completed({"provider": "mine"}).replace(
        provider="openai", latency_seconds=0.5, job_id=UUID(int=1), answers=("one", "two")
    )
    outputs = [*FIXED_COLUMNS, *MORE_COLUMNS, ANSWERS]
    [record] = written([row], tmp_path / "out.parquet", outputs=outputs)
    assert list(record) == ["input_provider", *outputs]
    assert (record["input_provider"], record["provider"], record["latency_seconds"]) == ("mine", "openai", 0.5)
    assert (record["answers"], record["job_id"]) == (["one", "two"], str(UUID(int=1)))


class Ticket(BaseModel):
    topic: str
    urgency: int | None = None
    status: str = "open"
    tags: list[str] = []


@pytest.mark.parametrize("output", [Ticket(topic="heat", tags=["a"]), Ticket(topic="heat", tags=["a"]).model_dump()])
def test_the_fields_of_structured_answers_become_columns(tmp_path: Path, output: object) -> None:
    rows = [completed({"q": "x"}).replace(output=output), failed({"q": "y"})]
    fields = columns_of_schema(Ticket.model_json_schema())
    good, bad = written(rows, tmp_path / "out.parquet", fields=fields)
    assert list(good) == ["q", *FIXED_COLUMNS, "topic", "urgency", "output_status", "tags"]
    assert (good["topic"], good["urgency"], good["output_status"], good["tags"]) == ("heat", None, "open", ["a"])
    assert (bad["topic"], bad["output_status"], bad["tags"]) == (None, None, None)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_half_a_character_in_an_answer_is_marked(tmp_path: Path, ending: str) -> None:
    [row] = written([completed({}).replace(content="half \ud83d, whole é")], tmp_path / f"out.{ending}")
    assert row["content"] == "half \ufffd, whole é"


@pytest.mark.parametrize("cell", ["x", 2**70])
def test_a_value_that_no_column_of_its_kind_holds_is_named_with_its_row(tmp_path: Path, cell: object) -> None:
    rows = [completed({"n": n}, index) for index, n in [(3, 1), (5, None), (8, cell), (9, cell)]]
    problem = r"^Row 9 \(index 8\): column 'n' holds a value that is no int64, .* Write a \.jsonl file"
    with pytest.raises(InvalidRequestError, match=problem) as refused:
        write_rows(rows, tmp_path / "out.parquet", columns=columns_of(rows[:2]), outputs=["content"])
    assert [one.field for one in refused.value.fields] == ["rows[8]"]
    assert not list(tmp_path.iterdir())


def test_a_long_file_of_parquet_has_row_groups(tmp_path: Path) -> None:
    row = completed({"q": "x"})
    write_rows((row for _ in range(25_000)), tmp_path / "out.parquet", columns=columns_of([row]))
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def test_few_rows_of_a_long_file_are_in_memory_at_once(tmp_path: Path) -> None:
    few, many = (most_held_while_writing(count, tmp_path / f"{count}.parquet") for count in (2_000, 8_000))
    assert many < 1.5 * few


def most_held_while_writing(count: int, path: Path) -> int:
    """Return how many bytes Python's objects took at most, while so many rows were made and written."""
    tracemalloc.start()
    try:
        write_rows((completed({"q": f"{n}"}) for n in range(count)), path, columns=columns_of([completed({"q": "x"})]))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
