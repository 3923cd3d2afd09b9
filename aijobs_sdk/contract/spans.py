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


class OpenSpan(NamedTuple):
    """A span that is known when it is known what time it is: from `since` to then, or all of the month that it is.

    What happened at that very instant is in it: simulated time stands still where nobody waits.
    """

    since: datetime | None

    def at(self, now: datetime) -> Span:
        """Return the span.

        Raises:
            InvalidRequestError: `since` is not before `now`, or too long before.
        """
        if self.since is None:
            return Span(*month_span(month_of(now)))
        _checked(Span(self.since, now), until="now")
        return Span(self.since, now + timedelta.resolution)


def span_of(month: str | None, *, since: Moment | None, until: Moment | None) -> Span | OpenSpan:
    """Return the span that is asked for: without anything said, this month; without `until`, to now.

    Raises:
        InvalidRequestError: a value is no month, day or instant; or they do not go together.
    """
    if since is None and until is None:
        return OpenSpan(None) if month is None else Span(*month_span(month))
    if month is not None:
        raise bad_argument("month", "cannot be combined with `since` or `until`")
    if since is None:
        raise bad_argument("since", "is required where there is `until`")
    first = _instant("since", since)
    return OpenSpan(first) if until is None else _checked(Span(first, _instant("until", until)), until="`until`")


def _checked(span: Span, *, until: str) -> Span:
    if span.since >= span.until:
        raise bad_argument("since", f"must be before {until}")
    if span.until - span.since > timedelta(days=LONGEST_DAYS):
        raise bad_argument("since", f"must be at most {LONGEST_DAYS:,} days before {until}")
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
