"""What an export file holds, how it is split, and that nobody ever sees half of one."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from weakref import WeakValueDictionary

import duckdb
import pyarrow.parquet as pq
import pytest

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, MOST_METADATA
from aijobs_sdk.usage.exports.export import ExportFormat, export_usage
from services.full_disk import room_for
from usage.usage_reading import bill, read, set_aside
from usage.usage_rows import many_rows, usage_row

EVERY_FORMAT: list[ExportFormat] = ["csv", "jsonl", "parquet"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_export_has_the_columns_of_query_usage_and_its_schema_version(tmp_path: Path) -> None:
    (path,) = export_usage([usage_row()], tmp_path, format="csv")

    (row,) = rows_of(path)
    assert tuple(row) == EXPORT_COLUMNS
    assert row["schema_version"] == "1"


@pytest.mark.parametrize("amount", ["0", "1E-6", "0.000001", "100", "1E+3", "999999999999.999999"])
def test_credits_are_plain_decimal_text_with_six_places(tmp_path: Path, amount: str) -> None:
    (path,) = export_usage([usage_row(credits_used=Decimal(amount))], tmp_path, format="csv")

    assert rows_of(path)[0]["credits_used"] == f"{Decimal(amount):.6f}"


def test_a_zero_with_a_sign_leaves_without_it(tmp_path: Path) -> None:
    (path,) = export_usage([usage_row(credits_used=Decimal("-0.00"))], tmp_path, format="csv")

    assert rows_of(path)[0]["credits_used"] == "0.000000"


def test_metadata_is_a_json_object_in_text_with_sorted_keys(tmp_path: Path) -> None:
    (path,) = export_usage([usage_row(metadata={"b": [1, "é"], "a": {"y": None}})], tmp_path, format="jsonl")

    row = json.loads(path.read_text(encoding="utf-8"))
    assert row["metadata"] == '{"a": {"y": null}, "b": [1, "é"]}'


def test_created_at_is_written_in_utc_whatever_zone_it_came_in(tmp_path: Path) -> None:
    local = datetime(2026, 2, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    (path,) = export_usage([usage_row(created_at=local)], tmp_path, format="csv")

    assert rows_of(path)[0]["created_at"] == "2026-01-31T23:30:00.000000Z"


def test_parquet_keeps_the_types_of_the_database(tmp_path: Path) -> None:
    (path,) = export_usage([usage_row(credits_used=Decimal("0.000001"))], tmp_path)

    with duckdb.connect() as reader:
        read = "CREATE TABLE export AS FROM read_parquet($path, hive_partitioning = false)"
        reader.execute(read, {"path": str(path)})
        types = dict(reader.execute("SELECT column_name, column_type FROM (DESCRIBE export)").fetchall())
        stored = reader.execute("SELECT credits_used, created_at FROM export").fetchone()
    assert tuple(types) == EXPORT_COLUMNS
    assert {types.pop("credits_used"), types.pop("created_at")} == {"DECIMAL(18,6)", "TIMESTAMP"}
    assert {types.pop("input_tokens"), types.pop("output_tokens")} == {"BIGINT"}
    assert set(types.values()) == {"VARCHAR"}
    assert stored == (Decimal("0.000001"), usage_row().created_at.astimezone(UTC).replace(tzinfo=None))


def test_a_csv_export_goes_on_in_the_next_file_after_10_000_rows(tmp_path: Path) -> None:
    paths = export_usage(many_rows(25_001), tmp_path, format="csv")

    assert [len(rows_of(path)) for path in paths] == [10_000, 10_000, 5_001]
    assert paths == sorted(tmp_path.iterdir())


def test_no_csv_file_grows_past_10_mb(tmp_path: Path) -> None:
    long = usage_row(metadata={"note": "é" * 1_000_000})  # 2 MB each
    paths = export_usage([long] * 11, tmp_path, format="csv")

    assert [path.read_bytes().count(b"\n") - 1 for path in paths] == [4, 4, 3]
    assert all(path.stat().st_size <= 10_000_000 for path in paths)


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_other_formats_are_one_file(tmp_path: Path, file_format: ExportFormat) -> None:
    assert len(export_usage(many_rows(10_001), tmp_path, format=file_format)) == 1


def test_parquet_has_a_folder_for_each_month_the_rows_name(tmp_path: Path) -> None:
    rows = [usage_row(number, month_year=f"2026-0{number}") for number in (2, 1, 3)]
    paths = export_usage([*rows, usage_row(4)], tmp_path)

    assert [path.parent.name for path in paths] == ["month=2026-01", "month=2026-02", "month=2026-03"]
    assert [pq.read_metadata(path).num_rows for path in paths] == [2, 1, 1]


def test_a_lake_of_months_is_read_as_one_table_with_the_month_in_it(tmp_path: Path) -> None:
    export_usage([usage_row(1), usage_row(2, month_year="2026-02")], tmp_path)
    export_usage([usage_row(3)], tmp_path)

    table = pq.read_table(tmp_path, filters=[("month", "=", "2026-01")])
    assert table.column("month_year").to_pylist() == ["2026-01", "2026-01"]
    assert pq.read_table(tmp_path).num_rows == 3


def test_metadata_may_be_longer_than_any_line_that_duckdb_expects(tmp_path: Path) -> None:
    note = "é\n" * 2_000_000
    (path,) = export_usage([usage_row(metadata={"note": note})], tmp_path)

    [metadata] = pq.read_table(path, columns=["metadata"]).column(0).to_pylist()
    assert json.loads(str(metadata)) == {"note": note}


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_the_longest_metadata_there_may_be_are_read_again_however_they_are_escaped(
    tmp_path: Path, file_format: ExportFormat
) -> None:
    metadata = {"note": '"' * (MOST_METADATA // 2 - 20)}
    export_usage([usage_row(1, metadata=metadata), usage_row(2)], tmp_path, format=file_format)

    store = read(tmp_path)

    assert (bill(store).rows, set_aside(store)) == (2, [])


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_metadata_too_long_to_be_read_again_are_refused_by_their_row(tmp_path: Path, file_format: ExportFormat) -> None:
    row = usage_row(7, metadata={"note": "x" * MOST_METADATA})

    with pytest.raises(InvalidRequestError, match=r"usage row .*-000000000007 has 7,000,012 characters, of 7,000,000"):
        export_usage([row], tmp_path, format=file_format)


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_rows_are_let_go_as_they_are_written(tmp_path: Path, file_format: ExportFormat) -> None:
    alive: WeakValueDictionary[int, UsageRow] = WeakValueDictionary()
    most = 0

    def counted() -> Iterator[UsageRow]:
        nonlocal most
        for row in many_rows(500):
            alive[row.id.int] = row
            most = max(most, len(alive))
            yield row

    export_usage(counted(), tmp_path, format=file_format)
    assert most <= 3


def test_two_exports_into_one_folder_never_meet(tmp_path: Path) -> None:
    first = export_usage([usage_row(1)], tmp_path, format="csv")
    second = export_usage([usage_row(2)], tmp_path, format="csv")

    assert sorted(tmp_path.glob("*.csv")) == sorted(first + second)


@pytest.mark.parametrize(("file_format", "files"), [("csv", 1), ("parquet", 1), ("jsonl", 0)])
def test_an_export_of_nothing_is_a_header_where_the_format_has_one(
    tmp_path: Path, file_format: ExportFormat, files: int
) -> None:
    paths = export_usage([], tmp_path, format=file_format)

    assert len(paths) == files
    assert list(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_rows_that_fail_half_way_leave_no_file_and_the_error_comes_through(
    tmp_path: Path, file_format: ExportFormat
) -> None:
    def failing() -> Iterator[UsageRow]:
        yield from many_rows(15_000)
        raise ConnectionResetError("the database went away")

    with pytest.raises(ConnectionResetError, match="went away"):
        export_usage(failing(), tmp_path, format=file_format)

    assert list(tmp_path.iterdir()) == []


def test_nothing_can_be_seen_before_the_last_row_is_written(tmp_path: Path) -> None:
    seen: list[Path] = []

    def watched() -> Iterator[UsageRow]:
        yield from many_rows(10_001)
        seen.extend([*tmp_path.glob("*.csv"), *tmp_path.glob("[!.]*")])

    export_usage(watched(), tmp_path, format="csv")

    assert seen == []


@pytest.mark.parametrize("name", ["a\rb", "a\r\nb", 'a\n"\r"'])
@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_a_name_over_several_lines_keeps_no_row_back(tmp_path: Path, file_format: ExportFormat, name: str) -> None:
    [path] = export_usage([usage_row(1, model=name), usage_row(2)], tmp_path, format=file_format)

    models: list[object]
    match file_format:
        case "csv":
            models = [row["model"] for row in rows_of(path)]
        case "jsonl":
            models = [json.loads(line)["model"] for line in path.read_text("utf-8").split("\n") if line]
        case "parquet":
            models = pq.read_table(path)["model"].to_pylist()
    assert models == [name, "gpt-5.2"]


def test_an_unknown_format_is_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"'xml'. Choose csv, jsonl or parquet"):
        export_usage([], tmp_path, format="xml")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot begin a file name"):
        export_usage([], tmp_path, name=name)


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_a_directory_that_is_a_file_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(InvalidRequestError, match="cannot be used as a folder"):
        export_usage([usage_row()], tmp_path / place, format="csv")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may write anywhere, so the file system cannot say it

    with pytest.raises(InvalidRequestError, match=r"cannot be written to .Permission denied"):
        export_usage([usage_row()], tmp_path, format="jsonl")


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize("count", [10, 1_000], ids=["when it is closed", "on the way"])
def test_a_disk_that_is_full_is_told_of_and_left_as_it_was(
    tmp_path: Path, file_format: ExportFormat, count: int
) -> None:
    told = pytest.raises(InvalidRequestError, match=r"cannot be written to .File too large")
    with told, room_for(1_000):  # around no more: what a test run writes of itself may be longer
        export_usage(map(usage_row, range(1, count)), tmp_path, format=file_format)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_folder_of_a_month_should_be_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "month=2026-02").write_text("a file")

    with pytest.raises(InvalidRequestError, match="cannot be used as a folder"):
        export_usage([usage_row(1), usage_row(2, month_year="2026-02")], tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "month=2026-02"]


def test_metadata_that_json_cannot_say_is_refused_by_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=f"usage row {usage_row().id} is not JSON"):
        export_usage([usage_row(metadata={"ratio": float("nan")})], tmp_path, format="csv")


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_text_formats_need_no_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: ExportFormat
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "aijobs_sdk.usage.store", raising=False)

    assert export_usage([usage_row()], tmp_path, format=file_format)


def test_parquet_without_duckdb_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "aijobs_sdk.usage.store", raising=False)
    monkeypatch.delitem(sys.modules, "aijobs_sdk.usage.exports.parquet", raising=False)

    with pytest.raises(ConfigurationError, match=r"pip install 'aijobs-sdk\[usage\]'"):
        export_usage([usage_row()], tmp_path, format="parquet")
    assert list(tmp_path.iterdir()) == []
