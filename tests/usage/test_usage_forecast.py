"""What a month will have come to: told from its days, tested on the months before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.usage.facts.owed import Forecast
from aijobs_sdk.usage.report.daily_use import DailyUse, days_between, days_of_month, months_before
from aijobs_sdk.usage.report.forecast import forecast_month
from aijobs_sdk.usage.report.outlook import month_forecast
from aijobs_sdk.usage.store import UsageStore
from usage.report_rows import enter_days, used
from usage.usage_entries import entries

YEAR = days_between(date(2026, 1, 1), date(2026, 12, 31))


def use_of(amount: Callable[[date], object], *, first: date, last: date) -> DailyUse:
    return DailyUse(credits={day: Decimal(str(amount(day))) for day in days_between(first, last)}, since=first)


def told(use: DailyUse, through: date) -> Forecast:
    """Return the forecast as it is made on the evening of `through`."""
    by_then = DailyUse(credits={day: use.on(day) for day in use.credits if day <= through}, since=use.since)
    found = forecast_month(by_then, through=through, billed=by_then.over(days_of_month(through)))
    assert found is not None
    return found


def office_hours(day: date) -> int:
    return 100 if day.weekday() < 5 else 10


@pytest.fixture
def store() -> Iterator[UsageStore]:
    found = UsageStore()
    yield found
    found.close()


def test_equal_days_go_on_as_they_were() -> None:
    forecast = told(use_of(lambda _: 10, first=date(2026, 1, 1), last=date(2026, 3, 10)), date(2026, 3, 10))

    assert (forecast.credits, forecast.low, forecast.high) == (Decimal(310), Decimal(310), Decimal(310))
    assert (forecast.tested_months, forecast.error) == (2, Decimal(0))


def test_of_two_ways_that_were_equally_right_the_simpler_is_taken() -> None:
    forecast = told(use_of(lambda _: 10, first=date(2025, 1, 1), last=date(2026, 3, 10)), date(2026, 3, 10))

    assert forecast.method.startswith("Run rate: ")
    assert "Tested on 6 whole months before" in forecast.method


def test_work_that_rests_at_weekends_is_told_by_weekday() -> None:
    use = use_of(office_hours, first=date(2025, 10, 1), last=date(2026, 3, 5))

    forecast = told(use, date(2026, 3, 5))

    assert forecast.method.startswith("Weekday profile: ")
    assert forecast.credits == sum(office_hours(day) for day in days_of_month(date(2026, 3, 1)))


def test_a_month_at_twice_the_level_is_told_at_that_level() -> None:
    def doubled_in_march(day: date) -> int:
        return office_hours(day) * (2 if day >= date(2026, 3, 1) else 1)

    forecast = told(use_of(doubled_in_march, first=date(2025, 10, 1), last=date(2026, 3, 12)), date(2026, 3, 12))

    actual = sum(doubled_in_march(day) for day in days_of_month(date(2026, 3, 1)))
    assert forecast.credits / actual == pytest.approx(1, abs=Decimal("0.02"))


def test_over_a_year_the_back_test_tells_how_wrong_the_forecasts_are() -> None:
    chance = random.Random(7)
    use = use_of(lambda day: round(office_hours(day) * chance.uniform(0.8, 1.2), 6), first=YEAR[0], last=YEAR[-1])
    forecasts = [told(use, date(2026, month, 10)) for month in range(8, 13)]
    actual = [use.over(days_of_month(date(2026, month, 1))) for month in range(8, 13)]

    off = [abs(forecast.credits - came) / came for forecast, came in zip(forecasts, actual, strict=True)]

    assert {forecast.tested_months for forecast in forecasts} == {6}
    assert max(off) < Decimal("0.06")
    assert max(forecast.error for forecast in forecasts if forecast.error) < Decimal("0.06")
    assert sum(forecast.low <= came <= forecast.high for forecast, came in zip(forecasts, actual, strict=True)) >= 3


def test_the_error_is_the_mean_over_the_months_tested_and_the_range_their_usual_miss() -> None:
    def rising_after_the_tenth(day: date) -> int:
        return 10 if day.day <= 10 else 20

    forecast = told(use_of(rising_after_the_tenth, first=date(2026, 1, 1), last=date(2026, 3, 10)), date(2026, 3, 10))

    # January came to 100 + 21 * 20 = 520 and was told as 310; February to 100 + 18 * 20 = 460, told as 280.
    assert forecast.method.startswith("Run rate: ")
    assert (forecast.tested_months, forecast.credits) == (2, Decimal(310))
    assert forecast.error == Decimal("0.3976")  # of 210 / 520 and 180 / 460
    assert (forecast.low, forecast.high) == (Decimal(100), Decimal(520))  # off by 210 / 310; 100 is billed by now


def test_a_day_that_is_not_over_is_told_as_a_whole_one() -> None:
    use = use_of(lambda day: 4 if day == date(2026, 3, 11) else 10, first=date(2026, 1, 1), last=date(2026, 3, 11))

    forecast = forecast_month(use, through=date(2026, 3, 10), billed=Decimal(104))

    assert forecast is not None
    assert forecast.credits == 310


def test_corrections_are_borne_once_and_not_told_of_the_days_to_come() -> None:
    use = use_of(lambda _: 10, first=date(2026, 1, 1), last=date(2026, 3, 10))

    forecast = forecast_month(use, through=date(2026, 3, 10), billed=Decimal(100) + 7)

    assert forecast is not None
    assert forecast.credits == 317


def test_what_is_billed_by_now_is_the_least_it_can_become() -> None:
    use = use_of(lambda day: 10_000 if day == date(2026, 3, 11) else 10, first=date(2026, 1, 1), last=date(2026, 3, 11))

    forecast = forecast_month(use, through=date(2026, 3, 10), billed=Decimal(10_100))

    assert forecast is not None
    assert forecast.credits == forecast.low == 10_100


def test_without_a_month_before_the_range_is_that_of_the_known_days_and_says_so() -> None:
    use = use_of(lambda day: day.day, first=date(2026, 3, 1), last=date(2026, 3, 4))

    forecast = told(use, date(2026, 3, 4))

    assert (forecast.tested_months, forecast.error) == (0, None)
    assert (forecast.low, forecast.credits, forecast.high) == (Decimal(10 + 27), Decimal("77.5"), Decimal(10 + 4 * 27))
    assert "Not tested" in forecast.method


def test_days_before_the_first_on_record_are_unknown_and_not_days_of_rest() -> None:
    use = use_of(lambda _: 10, first=date(2026, 3, 8), last=date(2026, 3, 10))

    assert told(use, date(2026, 3, 10)).credits == 30 + 10 * 21


def test_a_month_that_is_known_in_part_is_not_tested_on() -> None:
    forecast = told(use_of(lambda _: 10, first=date(2026, 1, 5), last=date(2026, 3, 10)), date(2026, 3, 10))

    assert forecast.tested_months == 1


@pytest.mark.parametrize("through", [date(2026, 3, 2), date(2026, 3, 31)])
def test_two_days_are_too_few_and_a_whole_month_needs_no_forecast(through: date) -> None:
    use = use_of(lambda _: 10, first=date(2026, 1, 1), last=date(2026, 3, 31))

    assert forecast_month(use, through=through, billed=Decimal(20)) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.decimals(0, 10**9, places=6), min_size=70, max_size=70), st.integers(3, 27))
def test_a_forecast_lies_in_its_range_and_not_under_the_bill(amounts: list[Decimal], known: int) -> None:
    days = days_between(date(2026, 1, 1), date(2026, 3, 11))
    use = DailyUse(credits=dict(zip(days, amounts, strict=True)), since=days[0])
    billed = use.over(days_of_month(date(2026, 2, 1))[:known])

    forecast = forecast_month(use, through=date(2026, 2, known), billed=billed)

    assert forecast is not None
    assert billed <= forecast.low <= forecast.credits <= forecast.high


def test_months_before_are_counted_over_the_turn_of_the_year() -> None:
    assert months_before(date(2026, 2, 17), 3) == (date(2026, 1, 1), date(2025, 12, 1), date(2025, 11, 1))


# From a store


def test_a_running_month_is_forecast_from_its_rows(store: UsageStore) -> None:
    enter_days(store, {day: Decimal(10) for day in days_between(date(2026, 1, 1), date(2026, 3, 11))})

    forecast = month_forecast(store, "2026-03", now=datetime(2026, 3, 11, 18, tzinfo=UTC), billed=Decimal(110))

    assert forecast is not None
    assert (forecast.credits, forecast.through, forecast.tested_months) == (Decimal(310), date(2026, 3, 10), 2)


def test_only_days_that_the_exports_cover_are_known(store: UsageStore) -> None:
    enter_days(store, {day: Decimal(10) for day in days_between(date(2026, 1, 1), date(2026, 3, 6))})

    forecast = month_forecast(store, "2026-03", now=datetime(2026, 3, 20, tzinfo=UTC), billed=Decimal(60))

    assert forecast is not None
    assert (forecast.through, forecast.credits) == (date(2026, 3, 5), Decimal(310))


def test_a_store_knows_nothing_of_the_days_before_its_first(store: UsageStore) -> None:
    enter_days(store, {day: Decimal(10) for day in days_between(date(2026, 3, 8), date(2026, 3, 11))})

    forecast = month_forecast(store, "2026-03", now=datetime(2026, 3, 11, 18, tzinfo=UTC), billed=Decimal(40))

    assert forecast is not None
    assert (forecast.credits, forecast.tested_months) == (Decimal(240), 0)


@pytest.mark.parametrize("now", [datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)])
def test_a_month_that_is_not_running_is_not_forecast(store: UsageStore, now: datetime) -> None:
    enter_days(store, {day: Decimal(10) for day in days_between(date(2026, 1, 1), date(2026, 3, 20))})

    assert month_forecast(store, "2026-03", now=now, billed=Decimal(200)) is None


def test_a_store_that_holds_nothing_of_the_month_yet_tells_nothing(store: UsageStore) -> None:
    now = datetime(2026, 3, 20, tzinfo=UTC)
    assert month_forecast(store, "2026-03", now=now, billed=Decimal(0)) is None

    entries(store, [used(1, "10", day="2026-02-27")])

    assert month_forecast(store, "2026-03", now=now, billed=Decimal(0)) is None
