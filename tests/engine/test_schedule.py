"""When a cron expression is due next, in whose time zone, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.engine.schedule import next_run


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "timezone", "after", "due"),
    [
        ("*/15 * * * *", "UTC", "2026-01-01T00:00", "2026-01-01T00:15"),
        ("0 3 * * mon-fri", "UTC", "2026-01-02T04:00", "2026-01-05T03:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-01-01T00:00", "2026-01-01T02:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-01T01:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_the_next_time_is_the_first_after_in_the_schedules_zone(cron: str, timezone: str, after: str, due: str) -> None:
    assert next_run(cron, timezone, after=at(after)) == at(due)


def test_an_hour_that_summer_time_skips_is_made_up_for_after_it() -> None:
    # At 02:00 on that day clocks in Berlin go on to 03:00, which is 01:00 UTC.
    assert next_run("30 2 * * *", "Europe/Berlin", after=at("2026-03-29T00:00")) == at("2026-03-29T01:00")


@pytest.mark.parametrize("minutes_later", range(0, 60, 10))
def test_an_hour_that_comes_twice_is_served_once(minutes_later: int) -> None:
    # On that day 01:30 in New York is 05:30 UTC, and an hour later it is 01:30 again.
    late = at("2026-11-01T06:00") + timedelta(minutes=minutes_later)
    assert next_run("30 1 * * *", "America/New_York", after=late) == at("2026-11-02T06:30")


@pytest.mark.parametrize("cron", ["", "every day", "0 3 * *", "* * * * * *", "61 * * * *", "0 0 31 2 *"])
def test_an_expression_that_cannot_be_used_is_named(cron: str) -> None:
    with pytest.raises(InvalidRequestError, match="`cron` must be five fields") as refused:
        next_run(cron, "UTC", after=at("2026-01-01T00:00"))
    assert [problem.field for problem in refused.value.fields] == ["cron"]


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../etc", "Europe", "x" * 5000])
def test_a_zone_that_cannot_be_used_is_named(timezone: str) -> None:
    with pytest.raises(InvalidRequestError, match="`timezone` must be a time zone"):
        next_run("* * * * *", timezone, after=at("2026-01-01T00:00"))
