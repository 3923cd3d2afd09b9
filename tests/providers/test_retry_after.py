"""The wait that a provider asks for, in whichever form it asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from aijobs_sdk.providers.retry_after import LONGEST_SECONDS, retry_after_seconds

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after": "Thu, 26 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "4233600"}, LONGEST_SECONDS),
        ({"retry-after": "Fri, 27 Nov 2026 12:00:00 GMT"}, LONGEST_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0100"}, None),
        ({"retry-after": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_the_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=NOW) == seconds


@pytest.mark.parametrize("date", ["Thu Nov 26 12:00:30 2026", "Thu, 26 Nov 2026 12:00:30 -0000"])
def test_a_date_without_a_zone_is_in_utc_wherever_this_machine_is(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after_seconds({"retry-after": date}, now=NOW) == 30
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_date_is_read_by_the_clock_of_whoever_names_it() -> None:
    headers = {"date": "Thu, 26 Nov 2020 12:00:00 GMT", "retry-after": "Thu, 26 Nov 2020 12:00:20 GMT"}
    assert retry_after_seconds(headers) == 20
