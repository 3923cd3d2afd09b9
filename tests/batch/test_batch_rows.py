"""Rows come from lists, frames and files; whatever cannot be read is named with its line or row."""

from __future__ import annotations

import functools
import gzip
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.contract.errors import InvalidRequestError
from batch.batch_worlds import QUESTIONS

TWO: list[dict[str, object]] = [{"q": "one", "n": 1}, {"q": "two", "n": 2}]
TABLE = pa.Table.from_pylist(TWO)


@pytest.mark.parametrize(
    "source",
    [
        TWO,
        tuple(TWO),
        (row for row in TWO),
        pd.DataFrame(TWO),
        pl.DataFrame(TWO),
        pl.LazyFrame(TWO),
        TABLE,
        TABLE.to_reader(),
        TABLE.to_batches()[0],
        pyarrow.dataset.dataset(TABLE),
        pyarrow.dataset.dataset(TABLE).scanner(),
        duckdb.from_arrow(TABLE),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_kind_of_table_gives_the_same_rows(source: Any) -> None:
    assert list(open_rows(source)) == TWO


@pytest.mark.parametrize(
    "source", [["a", "b"], pd.Series(["a", "b"]), np.array(["a", "b"]), pa.array(["a", "b"]), pl.Series(["a", "b"])]
)
def test_texts_become_a_column_named_text(source: Any) -> None:
    assert list(open_rows(source)) == [{"text": "a"}, {"text": "b"}]


class Colour(str, Enum):  # noqa: UP042 - which prints otherwise
    RED = "red"


class Nested(BaseModel):
    name: str
    price: Decimal


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float64("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Decimal("Infinity"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2]]), [[1, 2]]),
        ({"a": (1, float("nan")), 2: np.int8(1)}, {"a": [1, None], "2": 1}),
        (Decimal("0.10"), Decimal("0.10")),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        (pd.Timestamp("2026-01-02T03:04:05.123456789Z"), datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        (np.datetime64("2026-01-02T03:04:05.123456789"), datetime(2026, 1, 2, 3, 4, 5, 123456)),
        (np.array(["NaT"], dtype="datetime64[ns]"), [None]),
        (np.timedelta64(1, "s"), timedelta(seconds=1)),
        (pd.Timedelta(days=1, hours=2), timedelta(days=1, hours=2)),
        (np.str_("x"), "x"),
        (np.bytes_(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (pa.scalar([1]), [1]),
        (Colour.RED, "red"),
        (Nested(name="x", price=Decimal("1.5")), {"name": "x", "price": "1.5"}),
        ({"sea", "bay", "cape", "delta"}, ["bay", "cape", "delta", "sea"]),
        (frozenset({(2, "b"), (1, "a")}), [[1, "a"], [2, "b"]]),
    ],
)
def test_cells_become_plain_python_and_what_is_missing_none(cell: object, plain: object) -> None:
    [row] = list(open_rows([{"cell": cell}]))
    assert row["cell"] == plain
    assert type(row["cell"]) is type(plain)


def test_a_jsonl_file_gives_its_objects() -> None:
    rows = list(open_rows(QUESTIONS))
    assert len(rows) == 12
    assert rows[4]["turns"] == ["Scale a recipe for four loaves down to one.", "And what of the baking time?"]


def test_blank_lines_of_a_jsonl_file_are_no_rows_also_behind_a_byte_order_mark(tmp_path: Path) -> None:
    """A file of Windows may begin with a mark and an empty line, and is read as any other."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes('\ufeff\r\n{"q": "a"}\r\n \r\n{"q": "b"}\r\n\r\n'.encode())
    assert list(open_rows(path)) == [{"q": "a"}, {"q": "b"}]


def test_a_csv_file_gives_its_cells_as_texts_with_their_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes('\ufeffq,n\r\n"a\nb, ""c""",1\r\n\r\nd,2\r\n'.encode())
    assert list(open_rows(path)) == [{"q": 'a\nb, "c"', "n": "1"}, {"q": "d", "n": "2"}]


def test_an_empty_cell_of_a_csv_file_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('q,n\n,1\n"",2\n" ",3\n')
    assert [row["q"] for row in open_rows(tmp_path / "rows.csv")] == [None, None, " "]


def test_a_csv_file_may_begin_with_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("\n\nq,n\na,1\n")
    assert list(open_rows(tmp_path / "rows.csv")) == [{"q": "a", "n": "1"}]


def test_a_csv_cell_may_be_as_long_as_a_book(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("q\n" + "x" * 500_000)
    assert len(str(next(open_rows(path))["q"])) == 500_000


def test_a_parquet_file_keeps_lists_and_numbers(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"turns": ["a", "b"], "price": Decimal("1.50")}, {"turns": [], "price": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert list(open_rows(str(tmp_path / "rows.parquet"))) == rows


GOOD_LINES = '{"q": "x"}\n' * 36
CUT_GZIP = gzip.compress(GOOD_LINES.encode(), mtime=0)[:-9]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", GOOD_LINES + '{"q": \n', "Line 37 of .*a.jsonl is not JSON"),
        ("a.jsonl", GOOD_LINES + "[1]", "Line 37 of .*a.jsonl holds a list of 1; each line should be an object"),
        ("a.jsonl", GOOD_LINES + '{"q": 1, "a": 2, "q": 3}', "Line 37 of .* holds 'q' twice in one object"),
        ("a.jsonl", '{"q": {"a": 1, "a": 2}}', "Line 1 of .* holds 'a' twice in one object; rename one of them"),
        ("a.jsonl", "[" * 100_000, "Line 1 of .* is not JSON"),
        ("a.csv", "a,b\n1,2\n3\n", "Line 3 of .*a.csv has 1 cells under 2 columns"),
        ("a.csv", 'a,b\n"1\n1",2\n3\n', "Line 4 of .* has 1 cells under 2 columns"),
        ("a.csv", "a,b,a\n1,2,3\n", "Line 1 of .* names the column 'a' twice"),
        ("a.csv", "\na,b,a\n1,2,3\n", "Line 2 of .* names the column 'a' twice"),
        ("a.csv", 'a,b\n1,2\n3,"4\n5,6\n', "Line 3 of .* begins a row that is not CSV: .* look at its quotes"),
        ("a.csv", "a,b\r1,2\r3,4\r", "Line 1 of .* a carriage return alone; save the file with line feeds"),
        ("a.csv", b"a,b\n1,caf\xe9\n", "Line 2 of .* is not UTF-8 text; save the file as UTF-8"),
        ("a.csv", "", "a.csv holds no rows"),
        ("a.csv", "a,b\n", "a.csv holds no rows"),
        ("a.csv", "\n\n", "a.csv holds no rows"),
        ("a.jsonl", "\n\n", "a.jsonl holds no rows"),
        ("a.jsonl", b'{"q": "x"}\n{"q": "caf\xe9"}\n', "Line 2 of .* is not UTF-8 text; save the file as UTF-8"),
        ("a.jsonl", '1\n{"q": 2}\n[\n', r"Line 1 of .* holds a number .* There is more to mend at line 3\."),
        ("a.csv", "a,b\n1\n1,2\n1,2,3\n", r"Line 2 of .* has 1 cells .* There is more to mend at line 4\."),
        ("a.jsonl.gz", "no gzip", "a.jsonl.gz is not a gzip file, or it is damaged"),
        (
            "a.jsonl.gz",
            CUT_GZIP,
            "a.jsonl.gz is not a gzip file, or it is damaged",
        ),
        ("a.parquet", "PAR1 nonsense", "a.parquet is not a Parquet file, or it is damaged"),
        ("a.txt", "hello", "its name should end in .jsonl, .csv, .parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidRequestError, match=problem):
        list(open_rows(path))


def test_a_parquet_file_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    pq.write_table(TWICE, tmp_path / "a.parquet")
    with pytest.raises(InvalidRequestError, match=r"a\.parquet has two columns 'q'\. Rename one of them"):
        list(open_rows(tmp_path / "a.parquet"))


def test_a_parquet_file_with_a_date_past_the_last_of_python_is_refused(tmp_path: Path) -> None:
    pq.write_table(TOO_FAR, tmp_path / "far.parquet")
    with pytest.raises(InvalidRequestError, match=r"Row 2 \(index 1\): column 'at' holds what Python cannot"):
        list(open_rows(tmp_path / "far.parquet"))


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"folder.{ending}").mkdir()
    with pytest.raises(InvalidRequestError, match=f"There is no file .*missing.{ending}. Check the path."):
        list(open_rows(tmp_path / f"missing.{ending}"))
    with pytest.raises(InvalidRequestError, match=f"folder.{ending} is a folder. Name a file in it."):
        list(open_rows(tmp_path / f"folder.{ending}"))


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, ending: str) -> None:
    refusal = PermissionError(13, "Permission denied")
    with (
        patch.object(Path, "open", side_effect=refusal),  # root may read everything
        pytest.raises(InvalidRequestError, match=f"Cannot read .*locked.{ending}: Permission denied"),
    ):
        list(open_rows(tmp_path / f"locked.{ending}"))


TWICE = pa.table([pa.array([1]), pa.array([2])], names=["q", "q"])


FAR = pa.array([0, 253_402_300_800_000_000], pa.timestamp("us"))
"""1970, and the year 10000, which no date of Python's reaches."""
TOO_FAR = pa.table({"q": ["one", "two"], "at": FAR})
LATIN = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xe9")])


class UnreadableError(Exception):
    """One that a file can keep, and nobody can read out of it."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def deep(levels: int) -> object:
    nested: object = "x"
    return functools.reduce(lambda inner, _: [inner], range(levels), nested)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ([], "There are no rows"),
        ([{"q": "x"}, 7], r"Row 2 \(index 1\): should be a mapping of columns, or a text, got a number"),
        ([{"half \ud83d": 1}], r"Row 1 \(index 0\): column 'half \\ud83d' holds half a character"),
        ([{1: "x", "1": "y"}], r"Row 1 \(index 0\): has two columns whose names are the same text"),
        ([{"q": deep(5_000)}], r"Row 1 \(index 0\): column 'q' is nested too deeply; make it a text"),
        ([{"q": "x", "f": lambda: 1}], r"Row 1 \(index 0\): column 'f' holds what cannot be kept .* make it a text"),
        ([{"q": "x"}, {"q": [{"l": threading.Lock()}]}], r"Row 2 \(index 1\): column 'q' holds what cannot be kept"),
        ([{"q": (n for n in [1])}], r"column 'q' holds what cannot be kept"),
        ([{"q": type("Local", (), {})()}], r"column 'q' holds what cannot be kept"),
        ([{"q": UnreadableError("a", "b")}], r"column 'q' holds what cannot be kept"),
        ("nul\0.csv", "`source` holds a NUL"),
        ("", "`source` must be a path, got an empty text"),
        ([7, {"q": 1}, None], r"^Row 1 .* got a number \(int\)\. There is more to mend at rows\[2\]\.$"),
        (b"rows.csv", "should be a path, a list or a data frame"),
        ({"q": ["x"]}, "should be a path, a list or a data frame, got an object with 1 fields"),
        (7, "should be a path, a list or a data frame"),
        ([{"q": "half \ud83d"}], r"Row 1 \(index 0\): column 'q' holds half a character"),
        ([{"q": ["nested \ud83d"]}], r"Row 1 \(index 0\): column 'q' holds half a character"),
        (pd.DataFrame([[1, 2]], columns=["q", "q"]), "two columns 'q'"),
        (TWICE, "two columns 'q'"),
        (TWICE.to_reader(), "two columns 'q'"),
        *(
            (table, r"^Row 2 \(index 1\): column 'at' holds what Python cannot.*; mend it\.$")
            for table in (
                TOO_FAR,
                TOO_FAR.to_reader(),
                TOO_FAR.to_pandas(),
                TOO_FAR.to_pandas(types_mapper=pd.ArrowDtype),
                pl.DataFrame(TOO_FAR),
                pl.LazyFrame(TOO_FAR),
                duckdb.from_arrow(TOO_FAR),
                [{}, {"at": np.datetime64("10000-01-01")}],
            )
        ),
        (
            pa.table({"q": LATIN}),
            r"Row 1 \(index 0\): column 'q' holds what Python cannot, .* a text that is not UTF-8",
        ),
        (FAR.slice(1), r"^Row 1 \(index 0\): holds what Python cannot"),
    ],
)
def test_rows_that_cannot_be_used_are_named(source: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        list(open_rows(source))


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rows.csv").write_text("q\nx\n")
    assert list(open_rows("~/rows.csv")) == list(open_rows("~/*.csv")) == [{"q": "x"}]
