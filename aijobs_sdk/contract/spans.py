"""Spans of time that rows are asked for: a month, or from one instant to another."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from aijobs_sdk.contract.months import month_of, month_span
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

Moment: TypeAlias = datetime | date | str
"""An instant with its zone, or a day, which stands for its first instant in UTC; as text in the form of ISO 8601."""

LONGEST_DAYS = 3_660
"""Ten years: a longer span is a slip of the pen."""


class Span(NamedTuple):
    """From `since` to before `until`, in UTC."""

    since: datetime
    until: datetime


def span_of(month: str | None, *, since: Moment | None, until: Moment | None, now: datetime) -> Span:
    """Return the span that is asked for: without anything said, the month that it is `now`; without `until`, to `now`.

    Raises:
        InvalidRequestError: a value is no month, day or instant; or they do not go together.
    """
    if since is None and until is None:
        return Span(*month_span(month_of(now) if month is None else month))
    if month is not None:
        raise bad_argument("month", "cannot be combined with `since` or `until`")
    if since is None:
        raise bad_argument("since", "is required where there is `until`")
    span = Span(_instant("since", since), now if until is None else _instant("until", until))
    if span.since >= span.until:
        raise bad_argument("since", f"must be before {'now' if until is None else '`until`'}")
    if span.until - span.since > timedelta(days=LONGEST_DAYS):
        raise bad_argument(
            "since", f"must be at most {LONGEST_DAYS:,} days before {'now' if until is None else '`until`'}"
        )
    return span


def _instant(field: str, moment: Moment) -> datetime:
    match moment:
        case datetime():
            return _in_utc(field, moment)
        case date():
            return datetime.combine(moment, time(), UTC)
        case str():
            return _instant(field, _read(field, moment))
        case _:
            raise bad_argument(field, f"must be a day or an instant, got {shape_of(moment)}")


def _read(field: str, text: str) -> datetime | date:
    with suppress(ValueError):
        return date.fromisoformat(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problem = f"must be a day such as 2026-01-31, or an instant, got {shape_of(text)}"
        raise bad_argument(field, problem) from None


def _in_utc(field: str, instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise bad_argument(field, "must say its time zone, as 2026-01-31T12:00:00Z does")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise bad_argument(field, "must be within the calendar") from None
