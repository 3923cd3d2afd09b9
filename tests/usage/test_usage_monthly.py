"""Each section of a month's report, against what a reader of the rows reckons by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.billing.prices import PriceBook
from aijobs_sdk.usage.facts.costs import CostlyJob, FailureCount
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import Spread
from aijobs_sdk.usage.report.build import month_facts
from aijobs_sdk.usage.report.comparisons import corrections, growth, month_before
from aijobs_sdk.usage.report.divisions import daily_credits, divisions
from aijobs_sdk.usage.report.documents import document_cost
from aijobs_sdk.usage.report.groups import GROUP_COLUMNS, month_groups, month_table, month_totals
from aijobs_sdk.usage.report.spreads import spreads
from aijobs_sdk.usage.report.waste import waste
from aijobs_sdk.usage.store import UsageStore
from usage.report_rows import JANUARY, enter_jobs, job_id, used
from usage.usage_entries import entries

NOW = datetime(2026, 1, 25, 8, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[UsageStore]:
    found = UsageStore()
    yield found
    found.close()


def facts_of(store: UsageStore, month: str = JANUARY, by: tuple[str, ...] = ("model",)) -> MonthFacts:
    return month_facts(store, month, by, now=NOW, prices=PriceBook.load(), plans=PlanBook())


# Groups


def test_a_month_is_divided_dearest_first_and_then_by_key(store: UsageStore) -> None:
    entries(
        store, [used(1, "2", model="b"), used(2, "2", model="a"), used(3, "1", model="c"), used(4, "1.5", model="c")]
    )

    groups = month_groups(store, JANUARY, ["model"])

    assert [(group.keys["model"], group.rows, group.credits) for group in groups] == [
        ("c", 2, Decimal("2.5")),
        ("a", 1, Decimal(2)),
        ("b", 1, Decimal(2)),
    ]


@pytest.mark.parametrize("column", GROUP_COLUMNS)
def test_groups_by_any_column_hold_each_row_once_and_their_keys_are_text(store: UsageStore, column: str) -> None:
    entries(store, [used(1, "1"), used(2, "2", document_id="d1", day="2026-01-03"), used(3, "4", model="a")])

    groups = month_groups(store, JANUARY, column)

    assert sum(group.rows for group in groups) == 3
    assert sum(group.credits for group in groups) == 7
    assert {type(group.keys[column]) for group in groups} == {str}


def test_a_day_is_a_key_in_iso_form_and_a_missing_document_an_empty_one(store: UsageStore) -> None:
    entries(store, [used(1, "1")])

    (group,) = month_groups(store, JANUARY, ["day", "document_id"])

    assert group.keys == {"day": "2026-01-22", "document_id": ""}


def test_a_row_put_right_counts_once_and_at_its_new_amount(store: UsageStore) -> None:
    entries(store, [used(1, "5"), used(2, "1")])
    entries(store, [used(1, "5")], kind="reversal")
    entries(store, [used(1, "3")], kind="replacement")

    totals = month_totals(store, JANUARY)

    assert (totals.rows, totals.credits, totals.input_tokens) == (2, Decimal(4), 240)


def test_a_month_is_what_is_billed_in_it_not_what_was_used_in_it(store: UsageStore) -> None:
    entries(store, [used(1, "5")], billing_month="2026-02")

    assert month_totals(store, JANUARY).rows == 0
    assert month_totals(store, "2026-02").credits == 5


def test_columns_are_checked_by_name(store: UsageStore) -> None:
    with pytest.raises(InvalidRequestError, match="Did you mean 'tenant_id'"):
        month_groups(store, JANUARY, ["tenant"])
    with pytest.raises(InvalidRequestError, match=r"`by` must be a list of names of columns, got"):
        month_groups(store, JANUARY, [1])  # type: ignore[list-item]


@pytest.mark.parametrize("column", ["credits_used) --", "model, (SELECT 1)", "rowid"])
def test_no_sql_comes_in_by_the_name_of_a_column(store: UsageStore, column: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be divided by"):
        month_groups(store, JANUARY, [column])


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "", "2026-01'; DROP TABLE entry; --"])
def test_a_month_that_cannot_be_is_refused(store: UsageStore, month: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be a month such as 2026-01"):
        month_totals(store, month)


def test_a_month_is_a_table_with_the_numbers_last(store: UsageStore) -> None:
    entries(store, [used(1, "1.5", metered_credits="1.25")])

    table = month_table(store, JANUARY, "model")

    assert table.columns == ("model", "rows", "input_tokens", "output_tokens", "credits", "metered_credits")
    assert table.cells == (("gpt-5.2", 1, 120, 45, Decimal("1.5"), Decimal("1.25")),)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.decimals(0, 10**11, places=6)),
        min_size=1,
        max_size=15,
    )
)
def test_groups_and_divisions_add_up_to_the_total_to_the_last_digit(amounts: list[tuple[str, str, Decimal]]) -> None:
    store = UsageStore()
    rows = [
        used(number, str(amount), model=model, query_type=kind) for number, (model, kind, amount) in enumerate(amounts)
    ]
    entries(store, rows)

    total = sum((amount for *_, amount in amounts), Decimal(0))

    assert month_totals(store, JANUARY).credits == total
    assert sum(group.credits for group in month_groups(store, JANUARY, ["model", "query_type"])) == total
    assert {sum(group.credits for group in division.groups) for division in divisions(store, JANUARY)} == {total}
    assert sum(day.credits for day in daily_credits(store, JANUARY)) == total
    store.close()


# Divisions


def test_a_division_shows_the_dearest_twenty_and_what_the_others_add_up_to(store: UsageStore) -> None:
    entries(store, [used(number, str(number), model=f"m{number:02}") for number in range(1, 24)])

    models = divisions(store, JANUARY)[2]

    assert models.by == "model"
    assert [group.keys["model"] for group in models.groups] == [f"m{number:02}" for number in range(23, 3, -1)]
    assert models.rest_groups == 3
    assert models.rest is not None
    assert (models.rest.rows, models.rest.credits, models.rest.metered_credits) == (3, Decimal(6), None)


def test_a_division_that_is_shown_whole_has_no_rest(store: UsageStore) -> None:
    entries(store, [used(number, "1", model=f"m{number:02}") for number in range(20)])

    models = divisions(store, JANUARY)[2]

    assert (len(models.groups), models.rest, models.rest_groups) == (20, None, 0)


def test_days_are_all_shown_and_in_their_order(store: UsageStore) -> None:
    entries(store, [used(number, str(99 - number), day=f"2026-01-{number:02}") for number in range(31, 0, -1)])

    *_, days = divisions(store, JANUARY)

    assert days.by == "day"
    assert [group.keys["day"] for group in days.groups] == [f"2026-01-{number:02}" for number in range(1, 32)]


def test_the_chart_names_the_eight_dearest_models_and_calls_the_others_so(store: UsageStore) -> None:
    entries(store, [used(number, str(20 - number), model=f"m{number}") for number in range(10)])

    found = [(one.model, one.credits) for one in daily_credits(store, JANUARY)]

    assert found == [*((f"m{number}", Decimal(20 - number)) for number in range(8)), ("others", Decimal(23))]


def test_the_chart_leaves_out_what_is_borne_for_another_month(store: UsageStore) -> None:
    entries(store, [used(1, "1")])
    entries(store, [used(2, "2", day="2025-12-30")], billing_month=JANUARY)

    assert [(one.day, one.credits) for one in daily_credits(store, JANUARY)] == [(date(2026, 1, 22), Decimal(1))]


# Spreads


def spread_of(store: UsageStore, measure: str, model: str | None) -> Spread:
    (found,) = [one for one in spreads(store, JANUARY) if (one.measure, one.model) == (measure, model)]
    return found


def test_percentiles_lie_between_two_rows_where_they_fall_between_them(store: UsageStore) -> None:
    entries(store, [used(number, "1", input_tokens=10 * number) for number in range(1, 5)])

    spread = spread_of(store, "input_tokens", None)

    assert (spread.rows, spread.p50, spread.p95) == (4, Decimal(25), Decimal("38.5"))


def test_percentiles_are_exact_where_a_double_is_not(store: UsageStore) -> None:
    entries(store, [used(1, "1", input_tokens=10**17 + 1), used(2, "1", input_tokens=10**17 + 2)])
    entries(store, [used(3, "1", latency_seconds="0.000001"), used(4, "1", latency_seconds="0.000002")], model="a")

    assert spread_of(store, "input_tokens", "gpt-5.2").p95 == Decimal("100000000000000001.95")
    assert spread_of(store, "latency_seconds", None).p50 == Decimal("0.0000015")


def test_a_latency_that_is_told_in_another_unit_stands_in_no_reports_way(store: UsageStore) -> None:
    nanoseconds = "12345678901"
    entries(store, [used(1, "1", latency_seconds="2"), used(2, "1", latency_seconds=nanoseconds)])

    assert spread_of(store, "latency_seconds", None).p50 == Decimal("6172839451.5")


def test_spreads_are_told_by_model_most_rows_first_and_only_of_rows_that_say_the_measure(store: UsageStore) -> None:
    entries(store, [used(1, "1", model="a", latency_seconds="2"), used(2, "1", model="a"), used(3, "1", model="b")])

    found = [(one.measure, one.model, one.rows) for one in spreads(store, JANUARY)]

    assert found == [
        *(("input_tokens", None, 3), ("input_tokens", "a", 2), ("input_tokens", "b", 1)),
        *(("output_tokens", None, 3), ("output_tokens", "a", 2), ("output_tokens", "b", 1)),
        *(("latency_seconds", None, 1), ("latency_seconds", "a", 1)),
    ]


def test_the_hours_of_a_vendors_own_batch_are_no_latency(store: UsageStore) -> None:
    entries(store, [used(1, "1", latency_seconds="2"), used(2, "1", latency_seconds="7200", economy=True)])

    assert spread_of(store, "latency_seconds", None).p95 == 2
    assert spread_of(store, "input_tokens", None).rows == 2


def test_a_row_put_right_spreads_as_it_stands_now(store: UsageStore) -> None:
    entries(store, [used(1, "1", output_tokens=900), used(2, "1", output_tokens=10), used(3, "1", output_tokens=30)])
    entries(store, [used(1, "1", output_tokens=900)], kind="reversal")
    entries(store, [used(1, "1", output_tokens=20)], kind="replacement")

    assert spread_of(store, "output_tokens", None).p50 == 20


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.decimals(0, 40, places=6)), min_size=1, max_size=25))
def test_percentiles_are_those_of_all_values_in_order(latencies: list[tuple[str, Decimal]]) -> None:
    store = UsageStore()
    rows = [
        used(number, "1", model=model, latency_seconds=str(value)) for number, (model, value) in enumerate(latencies)
    ]
    entries(store, rows)
    ordered = sorted(value for _, value in latencies)
    below, beyond = divmod((len(ordered) - 1) * 95, 100)

    expected = ordered[below] + (ordered[min(below + 1, len(ordered) - 1)] - ordered[below]) * beyond / 100

    assert spread_of(store, "latency_seconds", None).p95 == expected
    store.close()


def test_what_is_borne_for_another_month_does_not_spread_in_this_one(store: UsageStore) -> None:
    entries(store, [used(1, "1", input_tokens=10)])
    entries(store, [used(2, "1", input_tokens=90, day="2025-12-30")], billing_month=JANUARY)

    assert (spread_of(store, "input_tokens", None).rows, spread_of(store, "input_tokens", None).p95) == (1, Decimal(10))


# The month before, and corrections


def test_the_month_before_is_compared_by_its_bill(store: UsageStore) -> None:
    entries(store, [used(1, "8", day="2025-12-31"), used(2, "10")])

    before = month_before(store, JANUARY, month_totals(store, JANUARY))

    assert before is not None
    assert (before.month, before.totals.credits, before.credits_change) == ("2025-12", Decimal(8), Decimal("0.25"))


def test_without_usage_in_the_month_before_there_is_nothing_to_compare(store: UsageStore) -> None:
    entries(store, [used(1, "8")])

    assert month_before(store, JANUARY, month_totals(store, JANUARY)) is None


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [("3", "4", "0.333333"), ("8", "4", "-0.5"), ("1", "1.0000025", "0.000002"), ("0", "4", None), ("-1", "4", None)],
)
def test_growth_is_a_part_of_what_was_before_rounded_half_to_even(before: str, now: str, change: str | None) -> None:
    assert growth(Decimal(before), Decimal(now)) == (None if change is None else Decimal(change))


def test_a_month_that_grew_from_next_to_nothing_beyond_28_digits_has_a_report(store: UsageStore) -> None:
    entries(store, [used(1, "0.000001", month_year="2025-12")])
    entries(store, [used(number, "999999999999.999999") for number in range(2, 12)])
    with store.writing() as database:
        database.execute("INSERT INTO entry SELECT entry.* FROM entry, range(4095) WHERE billing_month = '2026-01'")

    before = facts_of(store).before

    assert before is not None
    assert before.credits_change == Decimal("40959999999999999959039.000000")


def test_a_month_of_an_early_year_has_one_before_it(store: UsageStore) -> None:
    entries(store, [used(1, "1", month_year="0001-01"), used(2, "2", month_year="0001-02")])

    before = facts_of(store, "0001-02").before

    assert before is not None
    assert (before.month, before.totals.credits) == ("0001-01", Decimal(1))


def test_the_first_month_of_all_has_none_before_it(store: UsageStore) -> None:
    assert facts_of(store, "0001-01").before is None


def test_what_a_month_bears_for_others_is_told_by_month_and_kind(store: UsageStore) -> None:
    december = [used(1, "5", day="2025-12-03")]
    entries(store, [used(2, "1")])
    entries(store, [used(3, "7", day="2025-12-04"), used(4, "2", day="2025-12-04")], billing_month=JANUARY)
    entries(store, december, billing_month=JANUARY, kind="reversal")
    entries(store, [used(1, "4", day="2025-12-03")], billing_month=JANUARY, kind="replacement")

    found = [(one.month_year, one.kind, one.rows, one.credits) for one in corrections(store, JANUARY)]

    assert found == [
        ("2025-12", "late", 2, Decimal(9)),
        ("2025-12", "replacement", 1, Decimal(4)),
        ("2025-12", "reversal", 1, Decimal(-5)),
    ]


# Documents


def test_a_document_costs_what_all_its_rows_cost(store: UsageStore) -> None:
    rows = [
        used(1, "1", document_id="d1"),
        used(2, "1", document_id="d1"),
        used(3, "5", document_id="d2"),
        used(4, "9"),
    ]
    entries(store, [*rows, used(5, "3", document_id="d3")])

    cost = document_cost(store, JANUARY)

    assert (cost.documents, cost.credits, cost.credits_per_document) == (3, Decimal(10), Decimal("3.333333"))


def test_a_document_whose_only_row_was_taken_back_is_none(store: UsageStore) -> None:
    entries(store, [used(1, "1", document_id="d1")])
    entries(store, [used(1, "1", document_id="d1")], kind="reversal")

    cost = document_cost(store, JANUARY)

    assert (cost.documents, cost.credits, cost.credits_per_document) == (0, Decimal(0), None)


# Waste


def test_without_records_of_jobs_waste_is_what_the_rows_tell(store: UsageStore) -> None:
    entries(store, [used(1, "6", job_id="j1", attempts=3), used(2, "2", job_id="j2", attempts=1), used(3, "1")])

    found = waste(store, JANUARY)

    assert (found.attempts, found.retried_attempts, found.jobs_known) == (4, 2, False)
    assert (found.wasted_credits, found.unattributed_credits) == (Decimal(0), Decimal(1))
    assert found.costliest == (
        CostlyJob(job_id="j1", type="text_generation", status="completed", attempts=3, credits=Decimal(6)),
    )
    assert found.retry_cost_estimate == 6  # two attempts at 9 credits / 3 rows


def test_rows_that_do_not_say_their_attempts_leave_them_unknown(store: UsageStore) -> None:
    entries(store, [used(1, "6")])

    assert waste(store, JANUARY).attempts is None


def test_jobs_that_failed_or_were_cancelled_are_counted_by_what_ended_them(store: UsageStore) -> None:
    enter_jobs(
        store,
        [
            {"job_id": "j1", "status": "failed", "attempts": 3, "error_code": "rate_limited"},
            {"job_id": "j2", "status": "failed", "attempts": 2, "error_code": "rate_limited"},
            {"job_id": "j3", "status": "failed", "attempts": 1},
            {"job_id": "j4", "status": "cancelled", "attempts": 1},
            {"job_id": "j5", "status": "completed", "attempts": 1},
            {"job_id": "j6", "status": "failed", "attempts": 9, "completed_at": datetime(2026, 2, 1)},
        ],
    )

    found = waste(store, JANUARY)

    assert (found.failed_jobs, found.cancelled_jobs, found.retried_attempts, found.jobs_known) == (3, 1, 3, True)
    assert found.failures == (
        FailureCount(error_code="rate_limited", jobs=2, attempts=5),
        FailureCount(error_code="unknown", jobs=1, attempts=1),
    )


def test_credits_of_lost_jobs_are_wasted_and_of_unknown_ones_unattributed(store: UsageStore) -> None:
    jobs = {"j1": "completed", "j2": "failed", "j3": "cancelled"}
    enter_jobs(store, [{"job_id": name, "status": status, "attempts": 1} for name, status in jobs.items()])
    amounts = {"j1": "1", "j2": "2", "j3": "4", "j4": "8"}
    entries(store, [used(number, amount, job_id=name) for number, (name, amount) in enumerate(amounts.items())])
    entries(store, [used(9, "16")])

    found = waste(store, JANUARY)

    assert (found.wasted_credits, found.unattributed_credits) == (Decimal(6), Decimal(24))


def test_the_estimate_prices_a_lost_attempt_as_a_good_row_of_its_model(store: UsageStore) -> None:
    entries(
        store, [used(1, "9", metered_credits="1", model="a", attempts=2), used(2, "9", metered_credits="2", model="a")]
    )
    entries(store, [used(3, "5", model="b")])
    lost = [
        ("j1", "failed", 2, "a"),
        ("j2", "cancelled", 1, "b"),
        ("j3", "failed", 7, "never seen"),
        ("j4", "failed", 1, None),
    ]
    enter_jobs(
        store,
        [{"job_id": name, "status": status, "attempts": count, "model": model} for name, status, count, model in lost],
    )

    estimate = waste(store, JANUARY).retry_cost_estimate

    assert estimate == Decimal("9.5")  # three attempts at 1.5 of "a", one at 5 of "b"; nothing to go by for the others


def test_the_costliest_jobs_come_dearest_first_and_ten_at_most(store: UsageStore) -> None:
    enter_jobs(store, [{"job_id": job_id(99), "status": "failed", "attempts": 4, "type": "image_generation"}])
    entries(store, [used(number, str(number), job_id=job_id(number), attempts=2) for number in range(1, 10)])
    entries(store, [used(50, "100", job_id=job_id(50), attempts=1)])

    found = waste(store, JANUARY).costliest

    assert [(job.job_id, job.credits) for job in found[:2]] == [(job_id(9), Decimal(9)), (job_id(8), Decimal(8))]
    assert len(found) == 10
    assert found[-1] == CostlyJob(
        job_id=job_id(99), type="image_generation", status="failed", attempts=4, credits=Decimal(0)
    )


# The whole report


def test_a_month_nobody_used_is_a_report_of_nothing(store: UsageStore) -> None:
    facts = facts_of(store, "2025-07")

    assert (facts.totals.rows, facts.totals.credits, facts.totals.metered_credits) == (0, Decimal(0), None)
    assert (facts.groups, facts.daily, facts.spreads, facts.anomalies, facts.corrections) == ((), (), (), (), ())
    assert (facts.before, facts.forecast, facts.jobs, facts.data_until) == (None, None, None, None)
    assert (facts.status, facts.version, facts.waste.failed_jobs, facts.documents.documents) == ("open", 0, 0, 0)


def test_a_report_says_until_when_it_knows_and_how_often_the_month_was_closed(store: UsageStore) -> None:
    entries(store, [used(1, "1"), used(2, "1", day="2026-01-03")])
    with store.writing() as database:
        database.execute("""
            INSERT INTO month_act (month, act, version, acted_at, reason)
            VALUES ('2026-01', 'closed', 1, '2026-02-01', ''), ('2026-01', 'reopened', 1, '2026-02-02', 'late rows')
        """)

    facts = facts_of(store)

    assert facts.data_until == datetime(2026, 1, 22, 12, tzinfo=UTC)
    assert (facts.as_of, facts.version, facts.timezone) == (NOW, 1, "UTC")


def test_a_report_of_each_section_survives_being_kept_as_json(store: UsageStore) -> None:
    days = [used(day, "1.5", day=f"2026-01-{day:02}", latency_seconds="1.25", attempts=2) for day in range(1, 25)]
    entries(store, [*days, used(99, "3", day="2025-12-15")])

    facts = facts_of(store, by=("tenant_id", "model"))

    assert facts.forecast is not None
    assert MonthFacts.model_validate_json(facts.model_dump_json()) == facts


def test_hostile_names_stay_the_text_they_are(store: UsageStore) -> None:
    names = ["'; DROP TABLE entry; --", "<script>alert(1)</script>", '=HYPERLINK("x")', "{by}", "$month", "others"]
    entries(store, [used(number, "1", model=name) for number, name in enumerate(names)])

    facts = facts_of(store)

    assert {group.keys["model"] for group in facts.groups} == set(names)
    assert {one.model for one in facts.daily} == set(names)
    assert sum(group.credits for group in facts.groups) == facts.totals.credits == 6


def test_days_are_those_of_the_stores_time_zone() -> None:
    store = UsageStore(timezone="Asia/Tokyo")
    entries(store, [used(1, "1", created_at=datetime(2026, 1, 22, 20, tzinfo=UTC))])

    (group,) = month_groups(store, JANUARY, ["day"])

    assert group.keys["day"] == "2026-01-23"
    store.close()
