"""A provider's invoice in CSV, read line by line: which model, how much."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import in_words
from aijobs_sdk.contract.shapes import problems_of, shape_of
from aijobs_sdk.usage.reading.cut_off import open_value

_AMOUNT = re.compile(r"-?\$?(?=\.?\d)(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?(e[+-]?\d{1,3})?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-\d{2}.*)?")


class InvoiceColumns(Fact):
    """Which column of an invoice says what. Case and marks in their names do not count."""

    model: str
    """The model, or a line item that begins with it: `gpt-5.2-2025-12-11, input`."""
    amount: str
    """US dollars."""
    currency: str | None = None
    day: str | None = None
    """A date, 2026-01-31, or an instant in UTC. Without it all lines are of the month."""


KNOWN_COLUMNS: Mapping[str, InvoiceColumns] = {
    "OpenAI, costs export": InvoiceColumns(
        model="line_item", amount="amount_value", currency="amount_currency", day="start_time_iso"
    ),
    "Anthropic, cost export": InvoiceColumns(model="model", amount="cost_usd", day="usage_date_utc"),
    "AWS, cost and usage report": InvoiceColumns(
        model="line_item_usage_type",
        amount="line_item_unblended_cost",
        currency="line_item_currency_code",
        day="line_item_usage_start_date",
    ),
    "FOCUS 1.x": InvoiceColumns(
        model="ChargeDescription", amount="BilledCost", currency="BillingCurrency", day="ChargePeriodStart"
    ),
    "any other": InvoiceColumns(model="model", amount="amount", currency="currency", day="date"),
}
"""Headers of such files as of 2026-08. A currency or day that a file does not have is not asked for."""


class InvoiceLine(Fact):
    """What one line charges."""

    item: str
    """The model or line item; empty for what is of none, such as a tax."""
    usd: Decimal
    month: str | None
    """None: the file does not say."""


def read_invoice(path: Path, columns: Mapping[str, str] | None) -> Iterator[InvoiceLine]:
    """Yield the lines of an invoice; one that says neither item nor amount is a day without costs, and passed over.

    Raises:
        InvalidRequestError: it cannot be read, has other columns, is not in US dollars, may be cut, or a line says no
            amount.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = reader.fieldnames or ()
            found = _found_columns(path, header, columns)
            _refuse_open_end(path, header, found)
            for row in reader:
                if None in row:
                    raise InvalidRequestError(f"{path}, line {reader.line_num}: it has more fields than the header.")
                if None in row.values():  # all lines behind it may be missing as well
                    raise InvalidRequestError(
                        f"{path}, line {reader.line_num}: it has fewer fields than the header, so that the file may be "
                        "cut. Get it again."
                    )
                values = {meaning: row[column].strip() for meaning, column in found.items()}
                if values["model"] or values["amount"]:
                    yield _line(values, f"{path}, line {reader.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequestError(f"{path} cannot be read as an invoice: {error}.") from error


def _found_columns(path: Path, header: Sequence[str], given: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return which column of `header` says what."""
    named = {_plain(column): column for column in header}
    known = KNOWN_COLUMNS.values() if given is None else [_given_columns(given)]
    for columns in known:
        said = {meaning: column for meaning, column in columns.model_dump().items() if column is not None}
        found = {meaning: named[_plain(column)] for meaning, column in said.items() if _plain(column) in named}
        wanted = {"model", "amount"} if given is None else set(said)
        if wanted <= set(found):
            _refuse_twice(path, header, found.values())
            return found
    raise InvalidRequestError(
        f"{path} does not name the columns of an invoice: its header has {len(header)} others. Say which they are: "
        'columns={"model": "…", "amount": "…", "currency": "…", "day": "…"}; the last two may be left out.'
    )


def _refuse_open_end(path: Path, header: Sequence[str], found: Mapping[str, str]) -> None:
    """Refuse a file of which the last line may be cut within its model or amount: a part of them is one as well."""
    if header[-1] in {found["model"], found["amount"]} and open_value(path):
        raise InvalidRequestError(
            f"{path} has no line end, so that its last {header[-1]} may be cut. Get it again, or end the line if it is "
            "whole."
        )


def _refuse_twice(path: Path, header: Sequence[str], columns: Iterable[str]) -> None:
    """Refuse what says one thing in two columns: nobody can tell which of them counts."""
    names = Counter(map(_plain, header))
    for column in columns:
        if names[_plain(column)] > 1:
            raise InvalidRequestError(
                f"{path} has more than one column that is called {column!r}, whatever its case and marks. "
                "Leave only the one that counts."
            )


def _given_columns(given: Mapping[str, str]) -> InvoiceColumns:
    try:
        return InvoiceColumns.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error, known=InvoiceColumns.model_fields, at="columns")
        told = in_words(problems, between="; ")
        raise InvalidRequestError(f"Cannot read an invoice so: {told}", fields=problems) from None


def _line(values: Mapping[str, str], place: str) -> InvoiceLine:
    amount, currency, day = values["amount"], values.get("currency", ""), values.get("day", "")
    if not amount or not _AMOUNT.fullmatch(amount):
        raise InvalidRequestError(f"{place}: the amount must be one such as 1234.56, got {shape_of(amount)}.")
    if currency.upper() not in {"", "USD"}:
        raise InvalidRequestError(f"{place}: the amount is not in USD. Prices here are; ask for an invoice in dollars.")
    if "day" in values and not _DAY.fullmatch(day):
        raise InvalidRequestError(f"{place}: the day must be one such as 2026-01-31, got {shape_of(day)}.")
    return InvoiceLine(
        item=values["model"], usd=Decimal(amount.replace("$", "").replace(",", "")), month=day[:7] or None
    )


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())
