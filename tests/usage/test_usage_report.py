"""The month's report: exact to the last digit, readable in a terminal, a notebook and a program."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.usage.exports.export import export_usage
from aijobs_sdk.usage.report.groups import GROUP_COLUMNS
from aijobs_sdk.usage.table import UsageTable
from aijobs_sdk.usage.usage import Usage
from usage.usage_rows import csv_text, text_row, usage_row, write


@pytest.fixture
def january(tmp_path: Path) -> Usage:
    rows = [
        text_row(1, tenant_id="acme", model="gpt-5.2", credits_used="10", metadata='{"metered_credits": "9.5"}'),
        text_row(2, tenant_id="acme", model="gpt-5.2", credits_used="0.000001", created_at="2026-01-02T00:00:00Z"),
        text_row(3, tenant_id="zeta", model="gpt-5.2", credits_used="10.000001"),
        text_row(4, tenant_id="acme", model="claude-sonnet-4.5", credits_used="3"),
        text_row(5, credits_used="NaN"),
        text_row(4, tenant_id="acme", model="claude-sonnet-4.5", credits_used="3"),
        text_row(6, month_year="2026-02"),
    ]
    return Usage(write(tmp_path, "january.csv", csv_text(rows)))


def test_a_month_is_divided_dearest_first_and_then_by_key(january: Usage) -> None:
    table = january.monthly("2026-01", by=["tenant_id", "model"])

    assert table.columns == (
        *("tenant_id", "model", "rows"),
        *("input_tokens", "output_tokens", "credits", "metered_credits"),
    )
    assert table.cells == (
        ("acme", "gpt-5.2", 2, 240, 90, Decimal("10.000001"), Decimal("9.5")),
        ("zeta", "gpt-5.2", 1, 120, 45, Decimal("10.000001"), None),
        ("acme", "claude-sonnet-4.5", 1, 120, 45, Decimal("3.000000"), None),
    )


@pytest.mark.parametrize("column", GROUP_COLUMNS)
def test_a_month_can_be_divided_by_each_column(january: Usage, column: str) -> None:
    table = january.monthly("2026-01", by=column)

    assert table.columns[0] == column
    assert sum(int(str(row["rows"])) for row in table) == 4


def test_a_month_divided_by_nothing_is_its_total(january: Usage) -> None:
    assert january.monthly("2026-01", by=[]).cells == ((4, 480, 180, Decimal("23.000002"), Decimal("9.5")),)


def test_an_unknown_column_is_refused_with_the_nearest(january: Usage) -> None:
    with pytest.raises(InvalidRequestError, match="Did you mean 'tenant_id'"):
        january.monthly("2026-01", by=["tenant"])


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "january", "", "2026-01\n", "2026-01'; DROP TABLE record; --"])
def test_a_month_that_cannot_be_is_refused(january: Usage, month: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be a month such as 2026-01"):
        january.report(month)


def test_the_report_as_json_says_amounts_in_decimal_text(january: Usage) -> None:
    told = json.loads(json.dumps(january.report("2026-01", by=["model"]).to_json()))

    assert {word: told[word] for word in ("month", "totals", "groups", "duplicates", "quarantined")} == {
        "month": "2026-01",
        "totals": {"rows": 4, "credits": "23.000002", "input_tokens": 480, "output_tokens": 180},
        "groups": [
            {"model": "gpt-5.2", "rows": 3, "credits": "20.000002", "metered_credits": "9.500000"}
            | {"input_tokens": 360, "output_tokens": 135},
            {"model": "claude-sonnet-4.5", "rows": 1, "credits": "3.000000", "metered_credits": None}
            | {"input_tokens": 120, "output_tokens": 45},
        ],
        "duplicates": 1,
        "quarantined": 1,
    }


def test_the_report_as_text_lines_numbers_up_and_ends_in_the_total(january: Usage) -> None:
    text = january.report("2026-01", by=["tenant_id", "model"]).to_text()

    assert text.startswith("Usage in 2026-01: open\n")
    assert _TABLE in text


_TABLE = """
tenant_id  model              rows  input_tokens  output_tokens    credits  metered_credits
───────────────────────────────────────────────────────────────────────────────────────────
acme       gpt-5.2               2           240             90  10.000001         9.500000
zeta       gpt-5.2               1           120             45  10.000001                -
acme       claude-sonnet-4.5     1           120             45   3.000000                -
───────────────────────────────────────────────────────────────────────────────────────────
Total                            4           480            180  23.000002         9.500000
"""


def test_the_report_as_text_says_where_the_first_bad_row_of_each_kind_is(january: Usage) -> None:
    *_, counts, problem = january.report("2026-01").to_text().splitlines()

    assert counts == "1 duplicate counted once, 1 row set aside."
    assert problem.startswith("  bad_credits: 1, first at ")
    assert problem.endswith("january.csv:6 (credits_used is 'NaN')")


def test_the_report_is_written_in_every_form(january: Usage, tmp_path: Path) -> None:
    report = january.report("2026-01")

    assert report.to_html(tmp_path / "january.html").read_text("utf-8") == report.to_html()
    assert report.to_excel(tmp_path / "january.xlsx").stat().st_size > 5_000
    assert tmp_path / "csv" / "2026-01-groups.csv" in report.to_csv(tmp_path / "csv")
    assert tmp_path / "parquet" / "2026-01-groups.parquet" in report.to_parquet(tmp_path / "parquet")
    assert "23.000002" in report._repr_html_()


def test_the_report_is_one_line_beside_what_a_notebook_shows_of_it(january: Usage) -> None:
    assert repr(january.report("2026-01")) == "<MonthlyReport 2026-01: 4 rows, 23.000002 credits, open>"
    assert repr(january.report("2026-02")) == "<MonthlyReport 2026-02: 1 row, 1.50 credits, open>"


def test_a_month_without_usage_is_a_report_of_nothing(january: Usage) -> None:
    report = january.report("2025-07")

    assert (report.totals.rows, report.totals.credits, report.groups) == (0, Decimal(0), ())
    assert report.to_json()["totals"] == {"rows": 0, "credits": "0.000000", "input_tokens": 0, "output_tokens": 0}
    assert "Total" in report.to_text()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.decimals(0, 10**11, places=6)), min_size=1, max_size=40))
def test_groups_add_up_to_the_total_and_to_pythons_decimals(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[tuple[str, Decimal]]
) -> None:
    rows = [usage_row(number, model=model, credits_used=used) for number, (model, used) in enumerate(amounts)]
    report = Usage(export_usage(rows, tmp_path_factory.mktemp("sums"), format="csv")).report("2026-01", by="model")

    assert report.totals.credits == sum(used for _, used in amounts)
    assert report.totals.credits == sum(group.credits for group in report.groups)


def test_a_sum_of_floats_would_have_been_wrong(tmp_path: Path) -> None:
    amounts = [Decimal("0.1"), Decimal("0.2"), Decimal("99999999999.999999")]
    rows = [usage_row(number, credits_used=used) for number, used in enumerate(amounts)]

    total = Usage(export_usage(rows, tmp_path)).report("2026-01").totals.credits

    assert total == Decimal("100000000000.299999")
    assert Decimal(sum(map(float, amounts))) != total


def test_metered_credits_may_be_finer_than_billed_ones(tmp_path: Path) -> None:
    rows = [
        text_row(1, metadata='{"metered_credits": "0.000000125"}'),
        text_row(2, metadata='{"metered_credits": 1E-9}'),
        text_row(3),
    ]
    usage = Usage(write(tmp_path, "metered.csv", csv_text(rows)))

    assert usage.report("2026-01").to_json()["groups"][0]["metered_credits"] == "0.000000126"  # type: ignore[index, call-overload]


def test_hostile_text_is_shown_as_text_in_a_notebook(tmp_path: Path) -> None:
    path = write(tmp_path, "hostile.csv", csv_text([text_row(model="<script>alert('x')</script>")]))

    html = Usage(path).monthly("2026-01", by="model")._repr_html_()

    assert "<script>" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in html


def test_hostile_text_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in str(UsageTable(columns=("raw",), cells=(("\x1b[2J",),)))


def test_a_long_table_is_shown_in_part_and_says_so() -> None:
    table = UsageTable(columns=("n",), cells=tuple((number,) for number in range(1_000)))

    assert str(table).endswith("\n… and 940 more rows")
    assert table._repr_html_().count("<tr>") == 61
    assert str(UsageTable(columns=("n",), cells=table.cells[:61])).endswith("\n… and 1 more row")
    assert len(table) == 1_000


def test_a_data_frame_keeps_amounts_exact(january: Usage) -> None:
    frame = january.monthly("2026-01", by="model").df()

    assert "credits" in frame.columns
    assert sum(frame["credits"]) == Decimal("23.000002")


def test_a_data_frame_has_no_more_zeros_than_an_amount_needs(january: Usage) -> None:
    fine = UsageTable(columns=("credits",), cells=((Decimal("1.000000000125000000"),), (Decimal("NaN"),)))

    assert str(january.monthly("2026-01", by=[]).df()["metered_credits"][0]) == "9.500000"
    assert str(fine.df()["credits"][0]) == "1.000000000125"


def test_a_data_frame_without_pandas_says_what_to_install(january: Usage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ConfigurationError, match="pip install pandas"):
        january.monthly("2026-01").df()


def test_usage_says_what_it_holds(january: Usage) -> None:
    assert repr(january) == "Usage(1 file: 5 rows, 1 duplicate, 1 quarantined)"


def test_usage_that_was_closed_can_still_be_looked_at(january: Usage) -> None:
    january.close()

    assert "was closed" in repr(january)


@pytest.mark.parametrize("ask", ["monthly", "report", "close_month", "reconcile_jobs", "verify_month"])
def test_whatever_is_asked_of_a_month_that_cannot_be_is_refused(january: Usage, ask: str) -> None:
    with pytest.raises(InvalidRequestError, match="`month` must be a month such as 2026-01"):
        getattr(january, ask)("2026-13")
