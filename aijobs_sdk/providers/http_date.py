"""Dates in headers, read without believing that they are some."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> datetime | None:
    """Return the instant that a header gives (RFC 9110, 5.6.7), None where it is missing or none that Python holds.

    One that names no zone is in UTC: the oldest of the three forms never does.
    """
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter after the year 9999, and before the year 1
        return None
