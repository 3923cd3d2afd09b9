"""A month's bill as a FOCUS 1.2 data set, the form in which finance tools compare the bills of all vendors."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.plain_text import is_on_one_line
from aijobs_sdk.contract.refusal import bad_argument, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore, scratch_database
from aijobs_sdk.usage.writing import write_files

_PRICE_STEP = Decimal("1e-12")
"""As fine as a price can be: amounts then have 18 places, and 20 digits before them."""
_PRICE_END = Decimal(1_000_000)


def write_focus(
    store: UsageStore,
    month: str,
    path: str | Path,
    *,
    issuer: str,
    credit_price: Decimal | None = None,
    currency: str = "USD",
) -> Path:
    """Write the bill of `month` to `path`, .parquet or .csv, and return it; a file that is there is replaced, whole.

    `issuer` is who sends the bill, by name. Each credit costs `credit_price` in `currency`; without one, what the table
    of models says in US dollars. Plans are not in it: costs add up to the month's credits times that price, exactly.
    Rows of a month that was closed before are of the charge class "Correction", with the day they were used on.
    `InvoiceId` is given once the month is closed.

    Raises:
        InvalidRequestError: an argument cannot be used, or the file cannot be written.
    """
    month_span(month)  # refuses what is no month
    target = path_of("path", path)
    if target.suffix not in {".parquet", ".csv"}:
        raise bad_argument("path", f"must end in .parquet or .csv, got {shape_of(str(path))}")
    said = {
        "month": month,
        "timezone": store.timezone,
        "issuer": _checked_issuer(issuer),
        "currency": _checked_currency(currency),
        "credit_price": str(_checked_price(credit_price, currency=currency)),
    }
    write = _write_csv if target.suffix == ".csv" else _write_parquet
    return write_files({target: partial(write, store, said)})[0]


def _write_parquet(store: UsageStore, said: Mapping[str, str], target: Path) -> None:
    """Write text first, and let DuckDB turn that into types: a session on the store may write no file."""
    with TemporaryDirectory() as scratch, scratch_database() as database:
        text = Path(scratch, "rows.csv")
        types = _write_csv(store, said, text)
        database.execute(statement("focus/write_parquet"), {"rows": str(text), "columns": types, "target": str(target)})


def _write_csv(store: UsageStore, said: Mapping[str, str], target: Path) -> dict[str, str]:
    """Write the rows as text, and return the DuckDB type of each column."""
    with store.reading() as session, target.open("x", encoding="utf-8", newline="") as file:
        answer = session.execute(statement("focus/dataset"), dict(said))
        # FOCUS knows no instant without a zone.
        types = {name: str(kind).replace("TIMESTAMP", "TIMESTAMPTZ") for name, kind, *_ in answer.description or ()}
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(types)
        while rows := answer.fetchmany(10_000):
            writer.writerows(map(_as_text, rows))
    return types


def _as_text(values: Iterable[object]) -> list[str]:
    return ["" if value is None else _text_of(value) for value in values]


def _text_of(value: object) -> str:
    match value:
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


def _checked_issuer(issuer: str) -> str:
    if not isinstance(issuer, str) or not issuer.strip():
        raise bad_argument("issuer", f"must be the name of who sends the bill, got {shape_of(issuer)}")
    if not is_on_one_line(issuer):  # it stands in each row, and finance tools read a row from a line
        raise bad_argument("issuer", "must be on one line, without control characters")
    return issuer


def _checked_currency(currency: str) -> str:
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise bad_argument(
            "currency", f"must be three capital letters (ISO 4217), such as USD, got {shape_of(currency)}"
        )
    return currency


def _checked_price(price: Decimal | None, *, currency: str) -> Decimal:
    if price is None:
        if currency != "USD":
            raise bad_argument("credit_price", f"is needed: what a credit costs is known in USD, not in {currency}")
        price = ModelTable.load().usd_per_credit
    if not isinstance(price, Decimal):
        raise bad_argument("credit_price", f"must be a Decimal, got {shape_of(price)}")
    if not (price.is_finite() and 0 <= price < _PRICE_END and price == price.quantize(_PRICE_STEP)):
        raise bad_argument("credit_price", f"must be from 0 to below {_PRICE_END:,}, with at most 12 decimals")
    return price
