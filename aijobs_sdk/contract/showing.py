"""Parts of what a notebook shows of a fact: texts cut short with a word of what is cut, amounts, instants, values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

from pydantic import BaseModel

from aijobs_sdk.markup import Markup, details, element, facts, markup, table

MOST_TEXT = 2_000
"""Characters of a text that are shown; of a value in a row MOST_CELL."""
MOST_CELL = 200
MOST_VALUES = 100
"""Of a type of a user's own, a result may have a field for each word of a book."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return `number` with the word for it: 1 job, 2,000 jobs."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def heading(title: object, *more: object) -> Markup:
    """Return what something is, and how it stands, in one line."""
    return element("div", element("b", title), *(markup(" · ", one) for one in more if one))


def long_text(text: str, *, whole: str) -> Markup:
    """Return the beginning of a text as it was written; `whole` is where all of it is."""
    shown = _as_written(text[:MOST_TEXT])
    hidden = len(text) - MOST_TEXT
    if hidden <= 0:
        return shown
    rest = f"… and {counted(hidden, 'more character')}: "
    return markup(shown, element("div", rest, element("code", whole), " has all."))


def short_text(value: object, *, most: int = MOST_CELL) -> str:
    """Return what fits in a cell of a table, its lines as one."""
    text = " ".join(value_text(value).split())
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


def short_repr(fact: BaseModel) -> str:
    """Return a fact as `repr` has it, of long texts and structures the beginning, with how much is missing."""
    known = list(fact.__repr_args__())
    fields = [f"{name}={_repr_of(value)}" for name, value in known[:MOST_VALUES]]
    hidden = len(known) - len(fields)
    more = [f"… (+{hidden:,})"] if hidden else []
    return f"{type(fact).__name__}({', '.join(fields + more)})"


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
            return json.dumps(_plain(value), ensure_ascii=False, indent=2)
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
    """Return names beside their values, one a line: for values that may be long; of thousands, the first."""
    rows: list[Sequence[str]] = [[name, full_cell(value)] for name, value in islice(values.items(), MOST_VALUES)]
    hidden = len(values) - len(rows)
    return table(["field", "value"], [*rows, ["…", f"and {hidden:,} more"]] if hidden else rows)


def folded(summary: str, values: Mapping[str, object]) -> Markup:
    """Return values that a reader opens; nothing where there are none."""
    return details(summary, values_table(values)) if values else Markup()


def full_cell(value: object) -> str:
    """Return a value for a cell that may be large: its lines stay lines."""
    text = value_text(value)
    hidden = len(text) - MOST_TEXT
    if hidden > 0:
        text = f"{text[:MOST_TEXT]}… and {counted(hidden, 'more character')}"
    return _as_written(text) if "\n" in text else text


def _as_written(text: str) -> Markup:
    # JupyterLab breaks the lines of a <pre> within words; a <div> would lose them where styles are taken away.
    return element("pre", text, style="white-space:pre-wrap;word-break:normal")


def _repr_of(value: object) -> str:
    match value:
        case str():
            hidden = len(value) - MOST_CELL
            shown = repr(value[:MOST_CELL])
        case Mapping() | list():
            written = repr(value)
            hidden = len(written) - MOST_CELL
            shown = written[:MOST_CELL]
        case _:
            return repr(value)
    return f"{shown}… (+{hidden:,})" if hidden > 0 else shown


def _plain(value: object) -> object:
    """Return a value as JSON has it: a name that JSON has not, such as a date, becomes text as any other value does."""
    match value:
        case None | str() | int() | float():
            return value
        case BaseModel():
            return _plain(dict(value))
        case Mapping():
            return {_name(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return str(value)


def _name(key: object) -> str | float | None:
    return key if key is None or isinstance(key, str | int | float) else str(key)
