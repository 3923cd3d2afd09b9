"""Days out of line: told when they are, and not when chance alone explains them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest

from aijobs_sdk.usage.report.anomalies import MOST_ANOMALIES, DaysBefore, month_anomalies
from aijobs_sdk.usage.report.daily_use import days_between
from aijobs_sdk.usage.store import UsageStore
from usage.report_rows import enter_days, used
from usage.usage_entries import entries

FEBRUARY = "2026-02"
DAYS = days_between(date(2026, 1, 1), date(2026, 2, 28))
ODD = date(2026, 2, 17)


@pytest.fixture
def store() -> Iterator[UsageStore]:
    found = UsageStore()
    yield found
    found.close()


def enter_small_rows(store: UsageStore, rows_on: Callable[[date], int], *, tenant: str = "acme") -> None:
    """Enter rows of one credit each, so many a day."""
    with store.writing() as database:
        for day in DAYS:
            database.execute(
                """
                INSERT INTO entry
                SELECT
                    i, 'usage', 1, uuid(), $tenant, 'u1', 'text_generation', 'gpt-5.2', 'openai', 1, 1, 1, NULL, NULL,
                    NULL, NULL, NULL, NULL, false, '{}', strftime($day::DATE, '%Y-%m'), strftime($day::DATE, '%Y-%m'),
                    $day, $day, 0, i
                FROM range($rows) AS numbers(i)
                """,
                {"tenant": tenant, "day": day, "rows": rows_on(day)},
            )


def odd_days(store: UsageStore) -> list[tuple[date, str]]:
    return [(one.day, one.tenant_id) for one in month_anomalies(store, FEBRUARY)]


# The score


def test_the_score_is_the_distance_from_the_median_in_scaled_median_deviations() -> None:
    before = DaysBefore(credits=[Decimal(value) for value in (80, 90, 100, 110, 120, 130, 140)], rows=7_000_000)

    assert before.usual == 110
    assert before.score(Decimal("258.26")) == pytest.approx(Decimal(5), abs=Decimal("1e-12"))  # 148.26 / (1.4826 * 20)


def test_where_most_days_are_alike_the_standard_deviation_says_what_is_typical() -> None:
    before = DaysBefore(credits=[Decimal(0)] * 4 + [Decimal(70)], rows=7_000_000)

    assert before.score(Decimal(70)) == Decimal("2.5")  # of 28, the root of (4 * 14² + 56²) / 5


def test_chance_alone_is_the_least_deviation() -> None:
    before = DaysBefore(credits=[Decimal(16)] * 10, rows=160)

    assert before.deviation == 5  # of one credit a row: the root of sixteen rows, and one


def test_days_of_nothing_say_nothing() -> None:
    assert DaysBefore(credits=[Decimal(0)] * 10, rows=0).score(Decimal(100)) is None


# From a store


def test_a_day_far_above_the_others_is_told_with_what_is_usual(store: UsageStore) -> None:
    enter_small_rows(store, lambda day: 500 if day == ODD else 100 + day.day % 3)

    (anomaly,) = month_anomalies(store, FEBRUARY)

    assert (anomaly.day, anomaly.tenant_id, anomaly.model) == (ODD, "acme", "gpt-5.2")
    assert (anomaly.credits, anomaly.usual) == (Decimal(500), Decimal(101))
    assert anomaly.score == Decimal("36.11")  # 399 / (1.0064 + the root of 101.0 and one)


@pytest.mark.parametrize(("amount", "told"), [(525, []), (526, [(ODD, "acme")])])
def test_a_day_is_told_from_six_typical_deviations_on(store: UsageStore, amount: int, told: list[object]) -> None:
    enter_small_rows(store, lambda day: amount if day == ODD else 400)  # chance: the root of 400, and one

    assert odd_days(store) == told


def test_a_day_without_usage_among_busy_ones_is_told_as_far_below(store: UsageStore) -> None:
    enter_small_rows(store, lambda day: 0 if day == ODD else 100)

    (anomaly,) = month_anomalies(store, FEBRUARY)

    assert (anomaly.day, anomaly.credits, anomaly.usual) == (ODD, Decimal(0), Decimal(100))
    assert anomaly.score < -6


def test_the_newest_day_is_not_told_as_low_as_it_may_not_be_over(store: UsageStore) -> None:
    enter_small_rows(store, lambda day: 1 if day == DAYS[-1] else 100)

    assert odd_days(store) == []


def test_each_tenant_is_held_against_itself(store: UsageStore) -> None:
    enter_small_rows(store, lambda _: 900, tenant="large")
    enter_small_rows(store, lambda day: 900 if day == ODD else 100, tenant="small")

    assert odd_days(store) == [(ODD, "small")]


def test_a_few_rows_more_than_on_most_days_are_no_news(store: UsageStore) -> None:
    enter_days(store, {day: Decimal(2) for day in DAYS}, tenant_id="acme")
    entries(store, [used(number, "2", day=ODD.isoformat()) for number in range(500, 504)], tenant_id="acme")

    assert odd_days(store) == []


def test_someone_who_works_in_bursts_is_not_told_of_at_each(store: UsageStore) -> None:
    enter_small_rows(store, lambda day: 1_000 if day.toordinal() % 8 == 0 else 0)

    assert odd_days(store) == []


def test_noise_is_not_told(store: UsageStore) -> None:
    chance = random.Random(11)
    enter_small_rows(store, lambda _: round(chance.gauss(100, 10)))
    enter_small_rows(store, lambda _: max(0, round(chance.gauss(2, 1.4))), tenant="rare")

    assert odd_days(store) == []


def test_a_week_must_be_known_before_a_day_is_judged(store: UsageStore) -> None:
    enter_small_rows(store, lambda day: 0 if day < date(2026, 2, 11) else 500 if day == ODD else 100)

    assert odd_days(store) == []


def test_a_day_that_was_put_right_is_judged_by_what_it_is_now(store: UsageStore) -> None:
    enter_small_rows(store, lambda _: 100)
    wrong = [used(7_000, "5000", day=ODD.isoformat(), model="gpt-5.2")]
    entries(store, wrong, tenant_id="acme")
    entries(store, wrong, tenant_id="acme", kind="reversal")

    assert odd_days(store) == []


def test_the_furthest_off_come_first_and_no_more_than_a_reader_can_take(store: UsageStore) -> None:
    enter_small_rows(store, lambda _: 50, tenant="t00")
    with store.writing() as database:
        database.execute("""
            INSERT INTO entry
            SELECT entry.* REPLACE (printf('t%02d', number) AS tenant_id) FROM entry, range(1, 60) AS numbers(number)
        """)
        database.execute(
            """
            INSERT INTO entry
            SELECT DISTINCT ON (tenant_id) entry.* REPLACE (1000 + tenant_id[2:]::INTEGER AS credits_used)
            FROM entry WHERE day = $day
        """,
            {"day": ODD},
        )

    found = month_anomalies(store, FEBRUARY)

    assert len(found) == MOST_ANOMALIES
    assert [one.tenant_id for one in found[:3]] == ["t59", "t58", "t57"]
