"""A lake says in the names of its folders what its files leave out: month_year=2026-01/part.parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aijobs_sdk.usage.columns import USAGE_COLUMNS
from aijobs_sdk.usage.reading.folder_columns import folder_columns
from usage.usage_reading import bill, read, set_aside
from usage.usage_rows import Text, csv_text, jsonl_text, text_row, write


def put(folder: Path, ending: str, *rows: Text, without: str = "month_year") -> Path:
    """Write rows into a folder, made if missing, all but one column of them."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = [column for column in USAGE_COLUMNS if column != without]
    fewer = [{name: row[name] for name in columns} for row in rows]
    path = folder / f"part.{ending}"
    match ending:
        case "parquet":
            pq.write_table(pa.Table.from_pylist(fewer), path)
        case "csv":
            write(folder, path.name, csv_text(fewer, columns=columns))
        case _:
            write(folder, path.name, jsonl_text(fewer))
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_column_that_a_file_lacks_is_read_from_the_name_of_its_folder(tmp_path: Path, ending: str) -> None:
    put(tmp_path / "month_year=2026-01", ending, text_row(1), text_row(2))
    put(tmp_path / "month_year=2026-02", ending, text_row(3, created_at="2026-02-01T00:00:00Z"))

    store = read(tmp_path)

    assert (bill(store).rows, bill(store, "2026-02").rows, set_aside(store)) == (2, 1, [])


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_it_is_read_for_a_file_too_that_must_be_read_line_by_line(tmp_path: Path, ending: str) -> None:
    path = put(tmp_path / "month_year=2026-01", ending, text_row(1), text_row(2))
    path.write_bytes(path.read_bytes() + b"\0\n")

    store = read(tmp_path)

    assert (bill(store).rows, [reason for _, reason in set_aside(store)]) == (2, ["broken_line"])


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_what_a_file_says_itself_counts_before_its_folder(tmp_path: Path, ending: str) -> None:
    put(tmp_path / "tenant_id=other" / "month_year=2026-01", ending, text_row(1, tenant_id="acme"))

    assert read(tmp_path).ask("SELECT tenant_id FROM usage").cells == (("acme",),)


def test_what_a_folder_says_is_judged_as_if_the_file_said_it(tmp_path: Path) -> None:
    put(tmp_path / "month_year=January", "csv", text_row(1))
    put(tmp_path / "tenant_id=__HIVE_DEFAULT_PARTITION__", "csv", text_row(2), without="tenant_id")

    assert set_aside(read(tmp_path)) == [(2, "bad_month"), (2, "no_tenant")]


def test_a_file_that_was_set_aside_is_read_anew_where_its_folder_has_the_column(tmp_path: Path) -> None:
    path = put(tmp_path / "loose", "parquet", text_row(1))
    folder = tmp_path / "month_year=2026-01"
    folder.mkdir()
    folder.joinpath(path.name).write_bytes(path.read_bytes())

    store = read([path, folder])

    assert (bill(store).rows, set_aside(store)) == (1, [])


def test_names_of_folders_are_read_as_lakes_write_them() -> None:
    assert folder_columns("lake/Tenant_ID=a%20b%2Fc/day=1/month_year=2026-01/month_year=x.csv") == {
        "tenant_id": "a b/c",
        "month_year": "2026-01",
    }
