"""How long a provider asks to be left alone, from the headers of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from aijobs_sdk.providers.http_date import http_date

LONGEST_SECONDS = 3600.0
"""A wait beyond this is taken for this long: jobs must not sleep for days on one strange header."""


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the wait, None where the provider says nothing that can be used; names are looked up in lower case.

    `retry-after-ms` is the finer one and comes first; `retry-after` is in seconds, or a date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    wait = headers.get("retry-after")
    seconds = _number(wait)
    if seconds is None and (date := http_date(wait)) is not None:
        # As the answer tells what time it is there: our own clock may be wrong.
        told_at = now or http_date(headers.get("date")) or datetime.now(UTC)
        seconds = max(0.0, (date - told_at).total_seconds())
    return None if seconds is None else _bounded(seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _bounded(seconds: float) -> float:
    return min(seconds, LONGEST_SECONDS)
