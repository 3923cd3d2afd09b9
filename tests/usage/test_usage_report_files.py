"""The tables of a report as CSV and Parquet: exact, named after month and section, all of them or none."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.files import write_csv_tables, write_parquet_tables
from aijobs_sdk.usage.showing.page import report_page
from aijobs_sdk.usage.showing.text import report_text
from aijobs_sdk.usage.showing.workbook import write_workbook
from aijobs_sdk.usage.store import scratch_database
from usage.month_facts import january_uses, month_facts, quiet_facts

Writer = Callable[[MonthFacts, Path], list[Path]]
every_writer = pytest.mark.parametrize("write", [write_csv_tables, write_parquet_tables], ids=["csv", "parquet"])


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def asked(query: str) -> list[tuple[object, ...]]:
    with scratch_database() as database:
        return database.execute(query).fetchall()


@every_writer
def test_there_is_a_file_for_each_table_named_after_month_and_section(tmp_path: Path, write: Writer) -> None:
    paths = write(month_facts(), tmp_path / "made" / "here")

    assert {path.stem for path in paths} >= {"2026-01-groups", "2026-01-by-tenant", "2026-01-daily", "2026-01-tiers"}
    assert sorted(paths) == sorted((tmp_path / "made" / "here").iterdir())


def test_what_is_owed_is_explained_to_the_last_word_wherever_it_is_read(tmp_path: Path) -> None:
    words = "Plan business: 49.00 EUR a month. Credits cost 0.010 EUR each up to 1,000, and 0.008 EUR each beyond."
    words += " 2025-12 has 300 credits less than billed: 20.00 EUR back."
    [owed] = month_facts().statements
    facts = month_facts(statements=(owed.replace(explanation=words),))

    write_workbook(facts, tmp_path / "bill.xlsx")
    sheets = load_workbook(tmp_path / "bill.xlsx").worksheets

    assert words in report_text(facts)
    assert words in report_page(facts)
    assert words in {cell.value for sheet in sheets for row in sheet.iter_rows() for cell in row}


@every_writer
def test_the_same_facts_give_the_same_bytes(tmp_path: Path, write: Writer) -> None:
    first = [path.read_bytes() for path in write(month_facts(), tmp_path / "first")]

    assert [path.read_bytes() for path in write(month_facts(), tmp_path / "second")] == first


@every_writer
def test_a_folder_that_cannot_be_written_to_is_told_of_and_left_as_it_was(tmp_path: Path, write: Writer) -> None:
    (tmp_path / "file").write_text("here")

    with pytest.raises(InvalidRequestError, match="cannot be written"):
        write(month_facts(), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@every_writer
def test_a_table_that_fails_keeps_all_the_others_away(tmp_path: Path, write: Writer) -> None:
    (last,) = write(month_facts(), tmp_path / "known")[-1:]
    in_the_way = tmp_path / "new" / last.name
    in_the_way.mkdir(parents=True)

    with pytest.raises(InvalidRequestError, match=last.name):
        write(month_facts(), tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == [in_the_way]


def test_csv_columns_sum_to_the_bill(tmp_path: Path) -> None:
    write_csv_tables(month_facts(), tmp_path)

    assert sum(Decimal(row["credits"]) for row in csv_rows(tmp_path / "2026-01-groups.csv")) == Decimal("23647.823513")
    assert sum(Decimal(row["credits"]) for row in csv_rows(tmp_path / "2026-01-by-user.csv")) == Decimal("23647.823513")


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("x")', "+1", "-1", "@x", "\t=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"]
)
def test_no_name_in_csv_is_a_formula_to_a_spreadsheet(tmp_path: Path, name: str) -> None:
    write_csv_tables(month_facts([replace(use, tenant=name) for use in january_uses()[:1]]), tmp_path)
    (row,) = csv_rows(tmp_path / "2026-01-by-tenant.csv")

    assert row["tenant_id"] == "'" + name.replace("\t", "\\t")


def test_parquet_carries_amounts_as_decimals_and_text_as_it_came(tmp_path: Path) -> None:
    long = Decimal("12345678901234567.123456")
    write_parquet_tables(
        month_facts([replace(use, tenant="=\x1b", credits=long) for use in january_uses()[:1]]), tmp_path
    )
    found = asked(
        f"SELECT tenant_id, credits, typeof(credits), typeof(rows) FROM '{tmp_path}/2026-01-by-tenant.parquet'"
    )

    assert found == [("=\x1b", long, "DECIMAL(38,6)", "BIGINT")]


def test_a_count_beyond_64_bits_stays_exact_in_parquet(tmp_path: Path) -> None:
    (group,) = month_facts(january_uses()[:1], by=("model",)).groups
    huge = group.replace(keys={"model": "m"}, input_tokens=10**19)
    write_parquet_tables(month_facts(january_uses()[:1], by=("model",), groups=(huge,)), tmp_path)

    assert asked(f"SELECT input_tokens FROM '{tmp_path}/2026-01-groups.parquet'") == [(Decimal(10**19),)]


def test_parquet_days_are_dates(tmp_path: Path) -> None:
    write_parquet_tables(month_facts(), tmp_path)

    assert asked(f"SELECT DISTINCT typeof(day) FROM '{tmp_path}/2026-01-daily.parquet'") == [("DATE",)]


@every_writer
def test_a_month_without_usage_has_the_same_columns_and_no_rows(tmp_path: Path, write: Writer) -> None:
    write(quiet_facts(), tmp_path)
    (path,) = tmp_path.glob("*-groups.*")

    assert asked(f"SELECT count(*), count(COLUMNS(*)) FROM '{path}'")[0][0] == 0
