"""Rows come as they are asked for, from many files and large tables."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from aijobs_sdk.batch.asking.recipe import Recipe
from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.contract.errors import InvalidRequestError

TWO: list[dict[str, object]] = [{"q": "one", "n": 1}, {"q": "two", "n": 2}]
TABLE = pa.Table.from_pylist(TWO)


def test_rows_are_read_as_they_are_asked_for() -> None:
    numbers = itertools.count()
    rows = open_rows({"n": number} for number in numbers)
    assert list(itertools.islice(rows, 3)) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert next(numbers) == 3


def test_what_comes_before_a_broken_line_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": 1}\n{"q": 2}\nbroken\n')
    rows = open_rows(tmp_path / "a.jsonl")
    assert [next(rows), next(rows)] == [{"q": 1}, {"q": 2}]
    with pytest.raises(InvalidRequestError, match="Line 3"):
        next(rows)


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "ROWS.JSONL.GZ"])
def test_gzipped_lines_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b'{"q": 1}\n{"q": 2}\n'))
    assert list(open_rows(tmp_path / name)) == [{"q": 1}, {"q": 2}]


def test_gzipped_csv_is_read(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"q,n\none,1\n"))
    assert list(open_rows(tmp_path / "rows.csv.gz")) == [{"q": "one", "n": "1"}]


def test_a_glob_gives_the_rows_of_its_files_by_name_whatever_columns_they_have(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"q": 2}')
    (tmp_path / "a.jsonl").write_text('{"q": 1, "n": 1}')
    pq.write_table(TABLE, tmp_path / "a.parquet")
    assert list(open_rows(tmp_path / "*.jsonl")) == [{"q": 1, "n": 1}, {"q": 2}]
    assert list(open_rows(f"{tmp_path}/[a].*")) == [{"q": 1, "n": 1}, *TWO]


def test_a_glob_below_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text('{"q": 1}')
    assert list(open_rows("*.jsonl")) == [{"q": 1}]


def test_a_file_with_the_marks_of_a_glob_in_its_name_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows[1].jsonl").write_text('{"q": 1}')
    assert list(open_rows(tmp_path / "rows[1].jsonl")) == [{"q": 1}]


def test_a_glob_that_finds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"No file is named like .*/\*\.parquet\. Check the path\."):
        list(open_rows(tmp_path / "*.parquet"))


@pytest.mark.parametrize(
    "make",
    [pa.Table.to_reader, pyarrow.dataset.dataset, pl.DataFrame, pl.LazyFrame, pa.Table.to_pandas, duckdb.from_arrow],
)
def test_many_slices_give_every_row_once(make: Callable[[pa.Table], object]) -> None:
    numbers = list(range(2_500))
    table = pa.table({"n": numbers})
    assert [row["n"] for row in open_rows(make(table))] == numbers


def test_a_query_that_is_refused_leaves_its_connection_free() -> None:
    connection = duckdb.connect()
    rows = open_rows(connection.sql("select i as n from range(5000) t(i)"))
    with pytest.raises(InvalidRequestError) as refused:
        list(Recipe(prompt="{text}", model="m").items(rows))
    del rows
    assert refused.value.__traceback__ is not None  # as a notebook keeps it
    assert connection.sql("select 1").fetchall() == [(1,)]
