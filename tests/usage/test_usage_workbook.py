"""The report in Excel: real numbers, sums that can be reckoned again, and text that stays text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils.cell import range_boundaries
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.workbook import write_workbook
from usage.month_facts import january_uses, month_facts, quiet_facts

SHEETS = [
    *("Statement", "By tenant", "By user", "By model", "By provider", "By query type", "By day", "Daily"),
    *("Month before", "Plans", "Corrections", "Budgets and forecast", "Provider cost", "Waste", "What is usual"),
    *("Anomalies", "Reconciliation", "Data quality", "Definitions"),
]


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(month_facts(), tmp_path_factory.mktemp("book") / "january.xlsx")


def cells(sheet: Worksheet) -> Iterator[Cell]:
    return (cell for row in sheet.iter_rows() for cell in row if isinstance(cell, Cell) and cell.value is not None)


def formulas(book: Workbook) -> list[tuple[Worksheet, Cell]]:
    return [(sheet, cell) for sheet in book.worksheets for cell in cells(sheet) if cell.data_type == "f"]


def reckoned(sheet: Worksheet, formula: str) -> Decimal:
    """Return what Excel would come to, in exact decimals of the numbers in the cells."""
    left, top, right, bottom = range_boundaries(formula.removeprefix("=SUM(").removesuffix(")"))
    values = sheet.iter_rows(top, bottom, left, right, values_only=True)
    return sum((Decimal(repr(value)) for (value,) in values if value is not None), Decimal(0))


def test_there_is_a_sheet_for_each_section(january: Path) -> None:
    assert load_workbook(january).sheetnames == SHEETS


def test_amounts_and_counts_are_numbers(january: Path) -> None:
    sheet = load_workbook(january)["By tenant"]
    header, first = (next(sheet.iter_rows(row, row, values_only=True)) for row in (2, 3))

    assert header == ("Tenant", "Requests", "Input tokens", "Output tokens", "Credits", "Metered", "Share")
    assert first == ("umbrella", 1577, 1280524, 421059, 6149.783053, 5719.29823929, 0.260057)


def test_a_count_among_amounts_is_shown_as_a_count(january: Path) -> None:
    sheet = load_workbook(january)["Month before"]
    forms = {row[0].value: row[1].number_format for row in sheet.iter_rows(3)}

    assert (forms["requests"], forms["credits"]) == ("#,##0", "#,##0.000000######")


def test_the_sums_are_formulas_that_come_to_the_values_beside_them(january: Path) -> None:
    shown = load_workbook(january, data_only=True)
    found = formulas(load_workbook(january))

    assert len(found) > 30
    assert [
        cell.coordinate
        for sheet, cell in found
        if reckoned(sheet, str(cell.value)) != Decimal(repr(shown[sheet.title][cell.coordinate].value))
    ] == []


def test_the_statement_sums_to_the_bill(january: Path) -> None:
    facts = month_facts()
    sheet = load_workbook(january)["Statement"]
    label, _, *sums = [cell.value for cell in list(sheet.iter_rows())[-1]]

    assert label == "Total"
    assert [reckoned(sheet, str(formula)) for formula in sums] == [
        *(facts.totals.rows, facts.totals.input_tokens, facts.totals.output_tokens),
        *(facts.totals.credits, facts.totals.metered_credits),
    ]


def test_an_amount_that_a_double_cannot_carry_is_text_with_a_note(tmp_path: Path) -> None:
    long = Decimal("12345678901234567.123456")
    uses = [replace(use, credits=long) for use in january_uses()[:1]]
    sheet = load_workbook(write_workbook(month_facts(uses), tmp_path / "long.xlsx"))["Statement"]
    amounts = [cell for cell in cells(sheet) if cell.value == "12,345,678,901,234,567.123456"]

    assert [cell.data_type for cell in amounts] == ["s", "s"]  # of the group, and of the total: no SUM passes it over
    assert all(cell.comment is not None and "are text" in cell.comment.text for cell in amounts)


def test_a_column_has_room_for_its_sum(tmp_path: Path) -> None:
    """Excel shows hashes for a number that is wider than its column, and a sum is longer than what it adds up."""
    (use,) = january_uses()[:1]
    facts = month_facts([replace(use, tenant=f"t{number}", credits=Decimal("9.123456")) for number in range(4000)])
    sheet = load_workbook(write_workbook(facts, tmp_path / "book.xlsx"))["Statement"]

    assert facts.totals.credits == Decimal("36493.824000")
    assert sheet.column_dimensions["F"].width >= len("36,493.824000")


def test_a_column_has_room_for_a_japanese_name(tmp_path: Path) -> None:
    name = "東京支店の大きなお客様"
    uses = [replace(use, tenant=name) for use in january_uses()[:1]]
    sheet = load_workbook(write_workbook(month_facts(uses), tmp_path / "book.xlsx"))["By tenant"]

    assert sheet.column_dimensions["A"].width >= 2 * len(name)


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x.example","y")', "+1+1", "@SUM(A1)", "http://x.example", "\x1b[2J", "0012", "TRUE"]
)
def test_a_name_stays_text_whatever_it_looks_like(tmp_path: Path, name: str) -> None:
    uses = [replace(use, tenant=name) for use in january_uses()[:1]]
    sheet = load_workbook(write_workbook(month_facts(uses), tmp_path / "book.xlsx"))["By tenant"]

    assert sheet["A3"].data_type == "s"
    assert sheet["A3"].value == name.replace("\x1b", "\\x1b")
    assert sheet["A3"].hyperlink is None


def test_the_same_facts_give_the_same_bytes(january: Path, tmp_path: Path) -> None:
    kept = MonthFacts.model_validate_json(month_facts().model_dump_json())

    assert write_workbook(kept, tmp_path / "again.xlsx").read_bytes() == january.read_bytes()


def test_a_workbook_says_when_the_report_was_made(january: Path) -> None:
    assert load_workbook(january).properties.created == month_facts().as_of.replace(tzinfo=None)


def test_a_month_without_usage_is_a_workbook_of_nothing(tmp_path: Path) -> None:
    book = load_workbook(write_workbook(quiet_facts(), tmp_path / "quiet.xlsx"))

    assert book.sheetnames == ["Statement", "Data quality", "Definitions"]
    assert [cell.value for cell in list(book["Statement"].iter_rows())[-1]] == ["Total", None, 0, 0, 0, 0, None]


def test_a_workbook_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")

    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*book\.xlsx"):
        write_workbook(month_facts(), tmp_path / "file" / "book.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
