"""Billing months: calendar months in UTC, written `2026-01`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aijobs_sdk.contract.records import MONTH_PATTERN
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

FIRST_MONTH, LAST_MONTH = "0001-01", "9998-12"
"""What a `datetime` can tell, with the first instant after it."""


def month_of(instant: datetime) -> str:
    """Return the month an instant is billed in."""
    return instant.astimezone(UTC).isoformat()[:7]  # strftime() writes the year 1 as it is said


def month_span(month: str) -> tuple[datetime, datetime]:
    """Return the first instant of a month and the first after it.

    Raises:
        InvalidRequestError: it is not a month.
    """
    if not (isinstance(month, str) and re.fullmatch(MONTH_PATTERN, month)) or not FIRST_MONTH <= month <= LAST_MONTH:
        problem = f"must be a month such as 2026-01, got {shape_of(month)}"
        raise bad_argument("month", problem)
    year, number = int(month[:4]), int(month[5:])
    following = (year, number + 1) if number < 12 else (year + 1, 1)  # noqa: PLR2004 - months in a year
    return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
