"""The report as an Excel workbook: numbers that are numbers, and sums that Excel reckons itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TypeGuard, assert_never

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.all_chapters import chapters
from aijobs_sdk.usage.showing.chapters.heading import particulars, title
from aijobs_sdk.usage.showing.fact_table import Cell, Chapter, FactTable, Kind
from aijobs_sdk.usage.showing.figures import exact, shown
from aijobs_sdk.usage.table import cell_text, width_of
from aijobs_sdk.usage.writing import write_files

try:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.utility import xl_col_to_name
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "Reports for Excel need XlsxWriter: pip install 'aijobs-sdk[report]'. to_csv() works without it."
    ) from missing

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}

_FORMATS = {
    Kind.TEXT: "@",
    Kind.WORDS: "General",  # Excel shows hashes for more than 255 characters in a cell of text
    Kind.COUNT: "#,##0",
    Kind.AMOUNT: "#,##0.000000######",
    Kind.MONEY: "#,##0.00####",
    Kind.SHARE: "0.0%",
    Kind.FIGURE: "#,##0.######",
    Kind.DAY: "yyyy-mm-dd",
}
_INEXACT = "These digits are text: a number in Excel would lose some of them."
_WIDEST = 48
_MOST_ROWS = 1_000_000
"""A sheet ends soon after."""
_MOST_CHARACTERS = 32_767
"""A cell with more stays empty."""


def write_workbook(facts: MonthFacts, path: Path) -> Path:
    """Write the report to `path`, the same facts to the same bytes, and return it.

    Raises:
        InvalidRequestError: the file cannot be written.
    """
    return write_files({path: lambda partial: _write(facts, partial)})[0]


def _write(facts: MonthFacts, path: Path) -> None:
    with path.open("wb") as file, xlsxwriter.Workbook(file, _OPTIONS) as book:
        # Excel knows no time zones; the moment a workbook is made would make each one different.
        book.set_properties({"title": title(facts), "created": facts.as_of.astimezone(UTC).replace(tzinfo=None)})
        styles = _Styles.of(book)
        for sheet in _sheets(facts):
            _Writer(book.add_worksheet(sheet.name), styles).write(sheet)


@dataclass(frozen=True)
class _Sheet:
    name: str
    sentences: tuple[str, ...]
    tables: tuple[FactTable, ...]


def _sheets(facts: MonthFacts) -> Iterator[_Sheet]:
    told = {chapter.name: chapter for chapter in chapters(facts)}
    yield _statement(told.pop("bill"), facts)
    divided = told.pop("divided", None)
    for table in divided.tables if divided else ():
        yield _Sheet(name=table.name.replace("-", " ").capitalize(), sentences=(), tables=(table,))
    for chapter in told.values():
        name = _NAMES.get(chapter.name, chapter.title)
        yield _Sheet(name=name, sentences=chapter.sentences, tables=chapter.tables)


_NAMES = {"days": "Daily", "before": "Month before"}


def _statement(bill: Chapter, facts: MonthFacts) -> _Sheet:
    said = tuple(f"{word}: {shown(value)}" for word, value in particulars(facts))
    whole = f"Credits, all digits: {exact(facts.totals.credits)}"
    return _Sheet(name="Statement", sentences=(title(facts), *said, whole, *bill.sentences), tables=bill.tables)


@dataclass(frozen=True)
class _Styles:
    heading: Format
    label: Format
    values: dict[Kind, Format]
    totals: dict[Kind, Format]

    @classmethod
    def of(cls, book: Workbook) -> _Styles:
        return cls(
            heading=book.add_format({"bold": True, "font_size": 12}),
            label=book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}),
            values={kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()},
            totals={
                kind: book.add_format({"num_format": form, "bold": True, "top": 1}) for kind, form in _FORMATS.items()
            },
        )


class _Writer:
    """Fills one sheet from the top down."""

    def __init__(self, sheet: Worksheet, styles: _Styles) -> None:
        self._sheet = sheet
        self._styles = styles
        self._row = 0
        self._widths: dict[int, int] = {}

    def write(self, content: _Sheet) -> None:
        for number, sentence in enumerate(content.sentences):
            heading = self._styles.heading if number == 0 and content.name == "Statement" else None
            self._sheet.write_string(self._row, 0, sentence, heading)
            self._row += 1
        for table in content.tables:
            self._row += bool(self._row)
            self._write_table(table.carried().shortened(_MOST_ROWS))
        for column, width in self._widths.items():
            self._sheet.set_column(column, column, min(width + 2, _WIDEST))
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)

    def _write_table(self, table: FactTable) -> None:
        self._sheet.write_string(self._row, 0, table.caption, self._styles.heading)
        for number, column in enumerate(table.columns):
            self._put(self._row + 1, number, shown(column.label), self._styles.label)
        first = self._row + 2
        for place, row in enumerate(table.rows, start=first):
            for number, (value, column) in enumerate(zip(row, table.columns, strict=True)):
                self._put(place, number, _told(value, column.kind), self._styles.values[_form(value, column.kind)])
        self._row = first + len(table.rows)
        if table.total is not None:
            self._write_total(table, table.total, first)
            self._row += 1
        if table.more:
            self._sheet.write_string(self._row, 0, table.more)
            self._row += 1

    def _write_total(self, table: FactTable, total: Sequence[Cell], first: int) -> None:
        for number, (value, column) in enumerate(zip(total, table.columns, strict=True)):
            style = self._styles.totals[_form(value, column.kind)]
            if _is_sum(value, [row[number] for row in table.rows]):
                name = xl_col_to_name(number)
                formula = f"=SUM({name}{first + 1}:{name}{self._row})"
                self._sheet.write_formula(self._row, number, formula, style, float(value))
                self._make_room(number, value)
            else:
                self._put(self._row, number, _told(value, column.kind), style)

    def _put(self, row: int, column: int, value: Cell, style: Format) -> None:
        match value:
            case None:
                self._sheet.write_blank(row, column, None, style)
                return
            case str():
                self._sheet.write_string(row, column, value, style)
            case date():
                self._sheet.write_datetime(row, column, datetime.combine(value, time()), style)
            case int() | Decimal() if _fits(value):
                self._sheet.write_number(row, column, float(value), style)
            case int() | Decimal():
                self._sheet.write_string(row, column, exact(Decimal(value)), style)
                self._sheet.write_comment(row, column, _INEXACT, {"author": "aijobs-sdk"})
            case _:
                assert_never(value)
        self._make_room(column, value)

    def _make_room(self, column: int, value: Cell) -> None:
        """Have a column as wide as `value` is shown: Excel shows hashes for a number that has no room."""
        self._widths[column] = max(self._widths.get(column, 0), width_of(_as_shown(value)))


def _as_shown(value: Cell) -> str:
    match value:
        case Decimal():
            return exact(value)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _form(value: Cell, kind: Kind) -> Kind:
    """Return as what a value is shown: a count among amounts, as of requests, has no millionths."""
    return Kind.COUNT if isinstance(value, int) and kind is Kind.AMOUNT else kind


def _told(value: Cell, kind: Kind) -> Cell:
    """Return text as a cell can hold it."""
    if not isinstance(value, str):
        return value
    return cell_text(value)[:_MOST_CHARACTERS] if kind is Kind.WORDS else shown(value)


def _is_sum(total: Cell, values: Sequence[Cell]) -> TypeGuard[int | Decimal]:
    """Return whether Excel comes to `total` by adding up `values`; it passes over text, as long amounts are."""
    numbers = [value for value in values if isinstance(value, int | Decimal)]
    return (
        isinstance(total, int | Decimal)
        and all(value is None or _fits(value) for value in values)
        and _fits(total)
        and bool(numbers)
        and sum(numbers) == total
    )


def _fits(value: Cell) -> bool:
    """Return whether the double that Excel reads carries all digits of `value`."""
    if not isinstance(value, int | Decimal):
        return False
    double = float(value)
    read = float(f"{double:.16G}")  # what XlsxWriter writes
    return read == double and Decimal(repr(double)) == value
