"""Usage rows page by page: in which order they come, and where the next page begins."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.refusal import bad_argument

MOST_PAGE_ROWS = 1000
"""So many rows may be asked for as one page; they take about two megabytes."""


def place_of(row: UsageRow) -> tuple[datetime, UUID]:
    """Return what rows are ordered by: those of one instant by their ids, so that each has a place of its own."""
    return row.created_at, row.id


def check_page_rows(limit: int | None) -> None:
    """Return where so many rows may be asked for at once; None asks for all.

    Raises:
        InvalidRequestError: they are none, or too many for a page.
    """
    if limit is not None and not 1 <= limit <= MOST_PAGE_ROWS:
        raise bad_argument("limit", f"must be 1 to {MOST_PAGE_ROWS:,}")


async def usage_pages(
    backend: Backend, *, since: datetime, until: datetime, after: UUID | None = None, page_rows: int = MOST_PAGE_ROWS
) -> AsyncGenerator[Sequence[UsageRow]]:
    """Yield the rows that `backend.usage()` returns for the same span, `page_rows` at a time, and no empty page.

    A row that was there when the first page was asked for comes once, whatever is added meanwhile.
    """
    while True:
        page = await backend.usage(since=since, until=until, after=after, limit=page_rows)
        if page:
            yield page
        if len(page) < page_rows:
            return
        since, after = place_of(page[-1])
