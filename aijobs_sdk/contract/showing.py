"""Parts of what a notebook shows of a fact: texts cut short with a word of what is cut, amounts, instants, values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import BaseModel

from aijobs_sdk.markup import Markup, details, element, facts, markup, table

MOST_TEXT = 2_000
"""Characters of a text that are shown; of a value in a row MOST_CELL."""
MOST_CELL = 200


def heading(title: object, *more: object) -> Markup:
    """Return what something is, and how it stands, in one line."""
    return element("div", element("b", title), *(markup(" · ", one) for one in more if one))


def long_text(text: str, *, whole: str) -> Markup:
    """Return the beginning of a text as it was written; `whole` is where all of it is."""
    shown = _as_written(text[:MOST_TEXT])
    hidden = len(text) - MOST_TEXT
    if hidden <= 0:
        return shown
    return markup(shown, element("div", f"… and {hidden:,} more characters: ", element("code", whole), " has all."))


def short_text(value: object) -> str:
    """Return what fits in a cell of a table."""
    text = value_text(value)
    return text if len(text) <= MOST_CELL else f"{text[:MOST_CELL]}…"


def value_text(value: object) -> str:
    """Return any value as text: structures as JSON, a missing one as a dash."""
    match value:
        case None:
            return "-"
        case str():
            return value
        case Decimal():
            return amount_text(value)
        case bool() | BaseModel() | Mapping() | list() | tuple():
            return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def amount_text(amount: Decimal) -> str:
    """Return credits with all their digits, and no more zeros than it takes."""
    return f"{amount.normalize():,f}" if amount.is_finite() else str(amount)


def instant_text(instant: datetime | None) -> str:
    """Return an instant in UTC, to the second."""
    return "-" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def tokens_text(given: int | None, written: int | None) -> str:
    """Return what went in and what came out."""
    return f"{value_text(given)} in, {value_text(written)} out"


def known_facts(pairs: Mapping[str, object]) -> Markup:
    """Return names over their values, without those that are not known."""
    return facts((name, short_text(value)) for name, value in pairs.items() if value not in (None, "", (), {}))


def values_table(values: Mapping[str, object]) -> Markup:
    """Return names beside their values, one a line: for values that may be long."""
    return table(["field", "value"], ([name, full_cell(value)] for name, value in values.items()))


def folded(summary: str, values: Mapping[str, object]) -> Markup:
    """Return values that a reader opens; nothing where there are none."""
    return details(summary, values_table(values)) if values else Markup()


def full_cell(value: object) -> str:
    """Return a value for a cell that may be large: its lines stay lines."""
    text = value_text(value)
    hidden = len(text) - MOST_TEXT
    if hidden > 0:
        text = f"{text[:MOST_TEXT]}… and {hidden:,} more characters"
    return _as_written(text) if "\n" in text else text


def _as_written(text: str) -> Markup:
    return element("pre", text, style="white-space:pre-wrap")


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return dict(value)
        case Mapping():
            return dict(value)
        case _:
            return str(value)
