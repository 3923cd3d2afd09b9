"""A month divided by columns, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.usage.facts.totals import NUMBER_COLUMNS, UsageGroup, UsageTotals
from aijobs_sdk.usage.store import UsageStore, statement
from aijobs_sdk.usage.table import UsageTable

GROUP_COLUMNS = (
    "tenant_id",
    "user_id",
    "model",
    "provider",
    "query_type",
    "day",
    "month_year",
    "document_id",
    "kind",
)
"""What a month can be divided by. `day` is that of `created_at` in the store's time zone."""

_group = unchecked(UsageGroup)  # a month may have some ten thousand, and DuckDB has typed them


def group_columns(by: str | Iterable[str]) -> tuple[str, ...]:
    """Return the columns to divide a month by, each once, in the order asked for.

    Raises:
        InvalidRequestError: one is not in GROUP_COLUMNS.
    """
    columns = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    for column in columns:
        if not isinstance(column, str):
            raise InvalidRequestError(f"`by` takes names of columns, got {shape_of(column)}.")
        if column not in GROUP_COLUMNS:
            raise InvalidRequestError(f"Usage cannot be divided by {column!r}.{nearest(column, GROUP_COLUMNS)}")
    return columns


def month_groups(store: UsageStore, month: str, by: Iterable[str]) -> tuple[UsageGroup, ...]:
    """Return what is billed in `month` by the columns `by`, dearest first, then by key.

    A key that a row does not have, such as the document of most, is an empty text.

    Raises:
        InvalidRequestError: no such month can be, or a column is not in GROUP_COLUMNS.
    """
    columns = group_columns(by)
    found = _monthly(store, month, columns)
    width = len(columns)
    return tuple(
        _group(
            keys=dict(zip(columns, map(key_text, row[:width]), strict=True)),
            **dict(zip(NUMBER_COLUMNS, row[width:], strict=True)),
        )
        for row in found.cells
    )


def month_totals(store: UsageStore, month: str) -> UsageTotals:
    """Return what is billed in `month` altogether.

    Raises:
        InvalidRequestError: no such month can be.
    """
    (row,) = _monthly(store, month, ())
    return UsageTotals.model_validate(row)


def group_table(by: tuple[str, ...], groups: Iterable[UsageGroup]) -> UsageTable:
    """Return `groups` as a table: the columns of `by`, then the numbers."""
    cells = tuple((*group.keys.values(), *group.numbers) for group in groups)
    return UsageTable(columns=(*by, *NUMBER_COLUMNS), cells=cells)


def key_text(value: object) -> str:
    """Return a key as text: a day as 2026-01-31, what is missing as nothing."""
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _monthly(store: UsageStore, month: str, columns: tuple[str, ...]) -> UsageTable:
    month_span(month)  # refuses what is no month
    query = statement("report/monthly").replace("{by}", "".join(f"{column}, " for column in columns))
    return store.ask(query, {"month": month})
