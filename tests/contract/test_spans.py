"""A span of time is a month, or goes from one day or instant to another."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.spans import LONGEST_DAYS, Moment, OpenSpan, Span, span_of

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def span_now(month: str | None, *, since: Moment | None = None, until: Moment | None = None) -> Span:
    asked = span_of(month, since=since, until=until)
    return asked.at(NOW) if isinstance(asked, OpenSpan) else asked


@pytest.mark.parametrize(
    ("month", "since", "until"), [(None, (2026, 3), (2026, 4)), ("2025-12", (2025, 12), (2026, 1))]
)
def test_a_month_is_the_one_named_or_this_one(
    month: str | None, since: tuple[int, int], until: tuple[int, int]
) -> None:
    span = span_now(month)
    assert span == (datetime(*since, 1, tzinfo=UTC), datetime(*until, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "moment",
    [
        FIRST,
        date(2026, 1, 1),
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T02:00:00+02:00",
        datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_an_instant_may_be_said_in_many_ways_and_is_read_in_utc(moment: Moment) -> None:
    span = span_now(None, since=moment, until="2026-02-01")
    assert span == (FIRST, datetime(2026, 2, 1, tzinfo=UTC))
    assert span.since.tzinfo is UTC


def test_without_an_end_a_span_holds_all_up_to_and_with_this_very_instant() -> None:
    span = span_now(None, since="2026-01-01")
    assert span.since == FIRST
    assert span.until == NOW + timedelta(microseconds=1)


@pytest.mark.parametrize(("month", "since", "until"), [("2026-01", None, None), (None, "2026-01-01", "2026-02-01")])
def test_what_does_not_hang_on_the_time_is_known_without(
    month: str | None, since: str | None, until: str | None
) -> None:
    assert span_of(month, since=since, until=until) == Span(FIRST, datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("since", "until", "field", "says"),
    [
        ("2026-02-30", None, "since", "must be a day such as 2026-01-31, or an instant, got a text of 10 characters"),
        ("yesterday", None, "since", "got a text of 9 characters"),
        ("", None, "since", "got an empty text"),
        (7, None, "since", "must be a day or an instant, got a number"),
        ("2026-01-01", "2026-01-01T00:00:00", "until", "must say its time zone"),
        ("0001-01-01T00:00:00+14:00", None, "since", "must be within the calendar"),
        (None, "2026-01-01", "since", "is required where there is `until`"),
        ("2026-01-02", "2026-01-02", "since", "must be before `until`"),
        ("2026-01-02", "2026-01-01", "since", "must be before `until`"),
        ("2026-03-16", None, "since", "must be before now"),
        ("206-01-01", None, "since", "must be a day"),
        ("0206-01-01", "2026-01-01", "since", f"at most {LONGEST_DAYS:,} days before `until`"),
    ],
)
def test_what_is_no_span_is_refused_by_field(since: Moment | None, until: Moment | None, field: str, says: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        span_now(None, since=since, until=until)
    [problem] = refused.value.fields
    assert problem.field == field
    assert says in problem.problem


def test_a_month_goes_alone() -> None:
    with pytest.raises(InvalidRequestError, match="`month` cannot be combined with `since` or `until`"):
        span_of("2026-01", since="2026-01-01", until=None)
