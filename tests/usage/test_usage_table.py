"""An answer, handed on to other libraries with its types."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest
from rich.cells import cell_len

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.usage.table import UsageTable

LARGE = Decimal("100000000000.299999")
TABLE = UsageTable(
    columns=("id", "model", "day", "rows", "credits", "metered"),
    cells=(
        (UUID(int=1), "gpt-5.2", date(2026, 1, 22), 2, LARGE, None),
        (UUID(int=2), None, date(2026, 1, 23), 1, Decimal("0.1"), Decimal("0.000000125")),
    ),
)


def test_an_arrow_table_holds_amounts_as_decimals_with_all_their_places() -> None:
    table = TABLE.arrow()

    assert table.schema.types == [
        *(pa.string(), pa.string(), pa.date32(), pa.int64()),
        *(pa.decimal128(38, 6), pa.decimal128(38, 9)),
    ]
    assert table.column("credits").to_pylist() == [LARGE, Decimal("0.100000")]
    assert table.column("id").to_pylist() == [str(UUID(int=1)), str(UUID(int=2))]


def test_a_polars_frame_holds_amounts_as_decimals_too() -> None:
    frame = TABLE.pl()

    assert frame.schema["credits"] == pl.Decimal(38, 6)
    assert frame["credits"].sum() == LARGE + Decimal("0.1")
    assert frame["model"].to_list() == ["gpt-5.2", None]


def test_a_pandas_frame_holds_amounts_as_decimal_objects() -> None:
    assert sum(TABLE.df()["credits"]) == LARGE + Decimal("0.1")


def test_a_relation_can_be_asked_on_and_stays_exact() -> None:
    answer = TABLE.relation().filter("rows >= 1").aggregate("sum(credits) AS credits, count(*) AS n")

    assert answer.fetchall() == [(LARGE + Decimal("0.1"), 2)]


@pytest.mark.parametrize("form", [UsageTable.arrow, UsageTable.pl, UsageTable.relation, list])
def test_no_column_is_lost_where_two_have_one_name(form: Callable[[UsageTable], object]) -> None:
    table = UsageTable(columns=("a", "b", "a"), cells=((1, 2, 3),))

    with pytest.raises(InvalidRequestError, match="More than one column is called 'a'"):
        form(table)
    assert table.df().to_numpy().tolist() == [[1, 2, 3]]


def test_sums_beyond_64_bits_stay_whole() -> None:
    table = UsageTable(columns=("tokens",), cells=((2**70,), (1,)))

    assert table.arrow().column("tokens").to_pylist() == [Decimal(2**70), Decimal(1)]
    assert table.pl()["tokens"].to_list() == [Decimal(2**70), Decimal(1)]


def test_an_answer_without_rows_keeps_its_columns() -> None:
    table = UsageTable(columns=("model", "credits"), cells=())

    assert table.arrow().column_names == table.pl().columns == list(table.df().columns) == ["model", "credits"]


def test_times_and_lists_are_carried_as_such() -> None:
    at = datetime(2026, 1, 22, 10)
    table = UsageTable(columns=("at", "names"), cells=((at, ["a", "b"]),))

    assert table.arrow().to_pylist() == [{"at": at, "names": ["a", "b"]}]
    assert table.pl().rows() == [(at, ["a", "b"])]


@pytest.mark.parametrize(
    ("library", "call"),
    [("pandas", "df"), ("polars", "pl"), ("pyarrow", "arrow"), ("duckdb", "relation"), ("pyarrow", "relation")],
)
def test_a_library_that_is_not_there_is_named_with_how_to_install_it(
    library: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ConfigurationError, match=f"pip install {library}"):
        getattr(TABLE, call)()


def test_columns_stand_below_each_other_beside_chinese_japanese_and_marks() -> None:
    """A terminal gives most of these characters two places, and a mark over a letter none."""
    names = ("東京支店", "한국", "\uff26\uff35", "e\u0301tude", "acme")
    lines = str(UsageTable(columns=("name", "n"), cells=tuple((name, 7) for name in names))).splitlines()

    assert [cell_len(line.removesuffix("7")) for line in lines[2:]] == [10] * 5
    assert cell_len(lines[1]) == 11
