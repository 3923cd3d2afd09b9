"""A month divided by columns, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.refusal import members_of
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.usage.facts.totals import NUMBER_COLUMNS, UsageGroup, UsageTotals
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore
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
        InvalidRequestError: it is no list, or one is not in GROUP_COLUMNS.
    """
    columns = tuple(dict.fromkeys([by] if isinstance(by, str) else members_of("by", by, str, "names of columns")))
    for column in columns:
        if column not in GROUP_COLUMNS:
            raise InvalidRequestError(f"Usage cannot be divided by {column!r}.{nearest(column, GROUP_COLUMNS)}")
    return columns


def month_table(store: UsageStore, month: str, by: Iterable[str]) -> UsageTable:
    """Return what is billed in `month` by the columns `by`, dearest first, then by key; after them NUMBER_COLUMNS.

    Keys are text, a day is 2026-01-31. One that a row does not have, such as the document of most, is empty.

    Raises:
        InvalidRequestError: no such month can be, or a column is not in GROUP_COLUMNS.
    """
    month_span(month)  # refuses what is no month
    columns = group_columns(by)
    query = statement("report/monthly").replace("{by}", "".join(f"{column}, " for column in columns))
    keys = "".join(f"coalesce({column}::VARCHAR, '') AS {column}, " for column in columns)
    return store.ask(query.replace("{keys}", keys), {"month": month})


def month_groups(store: UsageStore, month: str, by: Iterable[str]) -> tuple[UsageGroup, ...]:
    """Return the rows of `month_table` as facts."""
    table = month_table(store, month, by)
    columns = table.columns[: -len(NUMBER_COLUMNS)]
    return tuple(
        _group(
            keys=dict(zip(columns, map(str, row), strict=False)),  # the numbers are left over
            **dict(zip(NUMBER_COLUMNS, row[len(columns) :], strict=True)),
        )
        for row in table.cells
    )


def month_totals(store: UsageStore, month: str) -> UsageTotals:
    """Return what is billed in `month` altogether.

    Raises:
        InvalidRequestError: no such month can be.
    """
    (row,) = month_table(store, month, ())
    return UsageTotals.model_validate(row)
