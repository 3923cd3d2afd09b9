"""Dates in headers, read without believing that they are some."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> datetime | None:
    """Return the instant that a header gives (RFC 9110, 5.6.7), None where it is missing or none that Python holds."""
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter after the year 9999, and before the year 1
        return None
