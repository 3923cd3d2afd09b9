"""What tenants owe: plans as they are written down, tiers at their borders, and months put right afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.billing.plan_terms import Plan, Subscription, Tier
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.billing.rating import corrected_lines, overage_lines
from aijobs_sdk.usage.billing.statements import plan_statements
from aijobs_sdk.usage.closing.months import close_month, reopen_month
from aijobs_sdk.usage.facts.owed import PlanStatement
from aijobs_sdk.usage.store import UsageStore
from usage.books import NOW, facts_of, totals
from usage.books import close as close_without_plans
from usage.usage_entries import entries
from usage.usage_rows import TENANT, usage_row

OTHER = UUID(int=9)


@pytest.fixture
def store() -> Iterator[UsageStore]:
    store = UsageStore()
    yield store
    store.close()


def plan(**changes: object) -> Plan:
    terms = {
        "name": "team",
        "currency": "EUR",
        "base_fee": "49",
        "included_credits": "1000",
        "tiers": [{"up_to": "500", "unit_price": "0.10"}, {"unit_price": "0.05"}],
    }
    return Plan.model_validate(terms | changes)


def on(*plans: Plan, tenant: str = "*") -> PlanBook:
    """Return a book in which the tenant is on the first plan from January on, on the second from February on, ..."""
    subscriptions = [
        Subscription(tenant_id=tenant, plan=one.name, valid_from=f"2026-{month:02}")
        for month, one in enumerate(plans, start=1)
    ]
    return PlanBook(plans, subscriptions)


numbers = count(1)


def used(store: UsageStore, amount: str, month: str = "2026-01", *, tenant: UUID = TENANT, **columns: object) -> None:
    instant = datetime.fromisoformat(f"{month}-10").replace(tzinfo=UTC)
    terms = {"tenant_id": tenant, "credits_used": Decimal(amount), "month_year": month, "created_at": instant}
    entries(store, [usage_row(next(numbers), **terms)], **columns)


def owed(store: UsageStore, book: PlanBook, month: str = "2026-01") -> PlanStatement:
    (found,) = plan_statements(store, month, book)
    return found


def total(store: UsageStore, book: PlanBook) -> Decimal:
    """Return what is owed for the first quarter."""
    months = [plan_statements(store, f"2026-{month:02}", book) for month in (1, 2, 3)]
    return sum((one.amount for found in months for one in found), Decimal(0))


def decimals(*values: int | str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, values))


# A month


def test_what_is_included_costs_the_base_fee_alone(store: UsageStore) -> None:
    used(store, "1000")
    found = owed(store, on(plan()))
    assert (found.amount, found.credits, found.overage_credits) == decimals(49, 1000, 0)
    assert found.tiers == ()


def test_each_credit_beyond_has_the_price_of_its_tier(store: UsageStore) -> None:
    used(store, "1700")
    found = owed(store, on(plan()))
    assert [(line.credits, line.amount) for line in found.tiers] == [decimals(500, 50), decimals(200, 10)]
    assert (found.overage_credits, found.amount) == decimals(700, 109)


def test_by_volume_all_credits_beyond_have_the_price_of_the_last(store: UsageStore) -> None:
    used(store, "1700")
    found = owed(store, on(plan(mode="volume")))
    assert [(line.credits, line.amount) for line in found.tiers] == [decimals(700, 35)]


@pytest.mark.parametrize(
    ("mode", "overage", "amount"),
    [
        ("graduated", "0", "0"),
        ("graduated", "500", "50"),
        ("graduated", "500.2", "50.01"),
        ("volume", "0", "0"),
        ("volume", "500", "50"),
        ("volume", "500.2", "25.01"),
    ],
)
def test_a_tier_ends_with_its_last_credit(mode: str, overage: str, amount: str) -> None:
    lines = overage_lines(plan(mode=mode), 1000 + Decimal(overage))
    assert sum(line.amount for line in lines) == Decimal(amount)


def test_each_line_is_rounded_halves_to_even_and_the_amount_is_their_sum(store: UsageStore) -> None:
    used(store, "2.5")
    tiers = [{"up_to": "1", "unit_price": "0.005"}, {"unit_price": "0.01"}]
    found = owed(store, on(plan(base_fee="1", included_credits="0", tiers=tiers)))
    assert [str(line.amount) for line in found.tiers] == ["0.00", "0.02"]
    assert str(found.amount) == "1.02"


def test_yen_have_no_decimals(store: UsageStore) -> None:
    used(store, "1003")
    found = owed(store, on(plan(currency="JPY", decimals=0, base_fee="5000", tiers=[{"unit_price": "1.5"}])))
    assert str(found.amount) == "5004"


def test_a_plan_is_told_in_words(store: UsageStore) -> None:
    used(store, "1700")
    assert owed(store, on(plan(base_fee="1049"))).explanation == (
        "Plan team: 1,049.00 EUR a month with 1,000 credits. "
        "Further ones cost 0.10 EUR each up to 500, and 0.05 EUR each beyond."
    )
    assert owed(store, on(plan(mode="volume", included_credits=0))).explanation == (
        "Plan team: 49.00 EUR a month. All credits cost 0.10 EUR each if they are up to 500, "
        "and 0.05 EUR each if they are more."
    )


CREDITS = st.decimals(min_value=0, max_value=10**6, places=6)
PRICE = st.decimals(min_value=0, max_value=1, places=4)
TIERS = st.lists(st.tuples(st.integers(1, 10**6), PRICE), max_size=4, unique_by=lambda tier: tier[0])


@st.composite
def plans(draw: st.DrawFn, mode: str | None = None) -> Plan:
    bounded = [{"up_to": end, "unit_price": price} for end, price in sorted(draw(TIERS))]
    tiers = [*bounded, {"unit_price": draw(PRICE)}]
    mode = mode or draw(st.sampled_from(["graduated", "volume"]))
    return plan(mode=mode, tiers=tiers, included_credits=draw(st.integers(0, 1000)))


@given(plan=plans(), amount=CREDITS)
def test_the_credits_of_the_tiers_are_those_beyond_the_included(plan: Plan, amount: Decimal) -> None:
    beyond = max(amount - plan.included_credits, Decimal(0))
    assert sum(line.credits for line in overage_lines(plan, amount)) == beyond


@given(plan=plans("graduated"), amount=CREDITS, more=CREDITS)
def test_a_graduated_price_never_jumps(plan: Plan, amount: Decimal, more: Decimal) -> None:
    before, after = (sum(line.amount for line in overage_lines(plan, one)) for one in (amount, amount + more))
    rounding = Decimal("0.01") * len(plan.tiers)
    assert -rounding <= after - before <= more * max(tier.unit_price for tier in plan.tiers) + rounding


@given(plan=plans("graduated"), amount=st.integers(0, 3000))
def test_a_graduated_price_is_that_of_each_credit_by_itself(plan: Plan, amount: int) -> None:
    one_by_one = sum(
        next(tier.unit_price for tier in plan.tiers if tier.up_to is None or place <= tier.up_to)
        for place in range(1, amount - int(plan.included_credits) + 1)
    )
    lines = overage_lines(plan, Decimal(amount))
    assert sum(line.credits * line.unit_price for line in lines) == one_by_one


# Who is on which plan


def test_a_tenant_that_used_nothing_owes_the_base_fee(store: UsageStore) -> None:
    found = owed(store, on(plan(), tenant="acme"))
    assert found.tenant_id == "acme"
    assert (found.amount, found.credits) == decimals(49, 0)


def test_every_tenant_that_was_ever_there_owes_the_base_fee(store: UsageStore) -> None:
    used(store, "1", "2026-01")
    used(store, "1", "2026-03", tenant=OTHER)
    found = plan_statements(store, "2026-02", on(plan()))
    assert [(one.tenant_id, one.amount) for one in found] == [(str(TENANT), Decimal(49))]


def test_a_plan_of_its_own_comes_before_that_of_every_tenant(store: UsageStore) -> None:
    used(store, "1")
    used(store, "1", tenant=OTHER)
    own = Subscription(tenant_id=str(OTHER), plan="own", valid_from="2026-01")
    every = Subscription(tenant_id="*", plan="team", valid_from="2026-01")
    found = plan_statements(store, "2026-01", PlanBook([plan(), plan(name="own")], [every, own]))
    assert [(one.tenant_id, one.plan) for one in found] == [(str(TENANT), "team"), (str(OTHER), "own")]


def test_the_newest_plan_that_has_begun_holds(store: UsageStore) -> None:
    used(store, "1", "2026-01")
    book = on(plan(), plan(name="larger"))
    assert [owed(store, book, month).plan for month in ("2026-01", "2026-02", "2027-05")] == [
        "team",
        "larger",
        "larger",
    ]


def test_a_tenant_on_no_plan_owes_nothing(store: UsageStore) -> None:
    used(store, "5000", "2025-12")
    assert plan_statements(store, "2025-12", on(plan())) == ()


# Months put right afterwards


def test_what_came_late_is_charged_as_if_it_had_come_in_time(store: UsageStore) -> None:
    used(store, "900")
    used(store, "300", billing_month="2026-02")
    used(store, "900", "2026-02")
    found = owed(store, on(plan()), "2026-02")
    assert [(line.credits, line.amount) for line in found.tiers] == [decimals(200, 20)]
    assert (found.credits, found.overage_credits, found.amount) == decimals(1200, 200, 69)
    assert found.explanation.endswith("2026-01 has 300 credits more than billed: 20.00 EUR more.")


def test_what_was_charged_too_much_is_given_back_even_below_nothing(store: UsageStore) -> None:
    used(store, "2500")
    used(store, "1800", kind="reversal", billing_month="2026-02")
    found = owed(store, on(plan()), "2026-02")
    assert [(line.credits, line.amount) for line in found.tiers] == [decimals(-500, -50), decimals(-1000, -50)]
    assert (found.credits, found.amount) == decimals(-1800, -51)
    assert found.explanation.endswith("2026-01 has 1,800 credits less than billed: 100.00 EUR back.")


def test_what_was_included_is_not_given_back(store: UsageStore) -> None:
    used(store, "900")
    used(store, "800", kind="reversal", billing_month="2026-02")
    found = owed(store, on(plan()), "2026-02")
    assert (found.credits, found.overage_credits, found.amount) == decimals(-800, 0, 49)
    assert found.explanation.endswith(
        "2026-01 has 800 credits less than billed, which changes nothing in what it costs."
    )


def test_by_volume_what_comes_late_can_change_the_price_of_all(store: UsageStore) -> None:
    used(store, "1500")
    used(store, "1", billing_month="2026-02")
    found = owed(store, on(plan(mode="volume")), "2026-02")
    assert [(line.credits, line.unit_price, line.amount) for line in found.tiers] == [
        decimals(-500, "0.10", -50),
        decimals(501, "0.05", "25.05"),
    ]


def test_a_month_of_another_plan_is_put_right_on_a_statement_of_its_own(store: UsageStore) -> None:
    used(store, "1500")
    used(store, "10", billing_month="2026-02")
    dollars = plan(name="larger", currency="USD")
    now, then = plan_statements(store, "2026-02", on(plan(), dollars))
    assert (now.plan, now.currency, then.plan, then.currency) == ("larger", "USD", "team", "EUR")
    assert (now.credits, now.amount) == decimals(0, 49)
    assert (then.credits, then.base_fee, then.amount) == decimals(10, 0, "0.50")


def test_rows_that_take_each_other_back_change_no_statement(store: UsageStore) -> None:
    used(store, "1500")
    used(store, "7", billing_month="2026-02")
    used(store, "7", kind="reversal", billing_month="2026-02")
    found = owed(store, on(plan()), "2026-02")
    assert found.tiers == ()
    assert found.amount == 49
    assert "2026-01" not in found.explanation


@given(plan=plans(), amounts=st.lists(CREDITS, min_size=1, max_size=5))
def test_however_often_a_month_is_put_right_all_its_bills_are_that_of_what_is_right(
    plan: Plan, amounts: list[Decimal]
) -> None:
    first, last = amounts[0], amounts[-1]
    bills = [overage_lines(plan, first), *(corrected_lines(plan, before, now) for before, now in pairwise(amounts))]
    right = overage_lines(plan, last)
    assert sum(line.amount for lines in bills for line in lines) == sum(line.amount for line in right)
    assert sum(line.credits for lines in bills for line in lines) == sum(line.credits for line in right)


def test_all_bills_together_are_those_of_what_came_in_time(store: UsageStore) -> None:
    in_time = UsageStore()
    for month, amount in (("2026-01", "1437.5"), ("2026-02", "1700.333333"), ("2026-03", "0.000001")):
        used(in_time, amount, month)
    used(store, "900")
    used(store, "637.5", billing_month="2026-02")
    used(store, "100", kind="reversal", billing_month="2026-03")
    used(store, "1700.333333", "2026-02", billing_month="2026-03")
    used(store, "0.000001", "2026-03")
    assert total(store, on(plan())) == total(in_time, on(plan()))
    in_time.close()


# A month that was reopened


def close(store: UsageStore, book: PlanBook, month: str) -> PlanStatement:
    """Close a month with what is owed for it."""
    statements = plan_statements(store, month, book)
    facts = facts_of(month, totals(store, month)).replace(statements=statements)
    close_month(store, month, lambda: facts, now=NOW)
    (found,) = statements
    return found


def reopen(store: UsageStore, *months: str) -> None:
    for month in months:
        reopen_month(store, month, reason="a test", now=NOW)


def test_a_month_is_not_charged_once_more_what_a_later_one_has_charged_for_it(store: UsageStore) -> None:
    used(store, "1000")
    close(store, on(plan()), "2026-01")
    used(store, "400", billing_month="2026-02")
    february = close(store, on(plan()), "2026-02")
    reopen(store, "2026-01")
    used(store, "400")

    january = owed(store, on(plan()))

    assert [(line.credits, line.amount) for line in january.tiers] == [decimals(100, 10), decimals(300, 15)]
    assert (january.credits, january.amount, february.amount) == decimals(1400, 74, 89)
    assert january.explanation.endswith("40.00 EUR for 2026-01 are on statements of other months and not on this one.")


def test_what_a_later_month_charged_too_much_is_given_back(store: UsageStore) -> None:
    used(store, "1000")
    close(store, on(plan()), "2026-01")
    used(store, "400", billing_month="2026-02")
    close(store, on(plan()), "2026-02")
    reopen(store, "2026-01")
    used(store, "1000", kind="reversal")

    assert owed(store, on(plan())).amount == 49 - 40


@pytest.mark.parametrize("again", [("2026-01", "2026-02"), ("2026-02", "2026-01")])
@pytest.mark.parametrize("mode", ["graduated", "volume"])
def test_in_whatever_order_months_are_closed_again_all_bills_are_those_of_what_came_in_time(
    store: UsageStore, mode: str, again: tuple[str, str]
) -> None:
    book = on(plan(mode=mode, base_fee="0"))
    used(store, "1000")
    close(store, book, "2026-01")
    used(store, "400", billing_month="2026-02")
    close(store, book, "2026-02")
    used(store, "333.5", billing_month="2026-03")
    march = close(store, book, "2026-03")
    reopen(store, *again)
    used(store, "250")

    bills = [march, *(close(store, book, month) for month in again)]

    right = overage_lines(plan(mode=mode), Decimal("1983.5"))
    assert sum(bill.amount for bill in bills) == sum(line.amount for line in right)


def test_a_month_of_which_no_statement_was_kept_counts_as_charged_by_its_plan(store: UsageStore) -> None:
    used(store, "1000")
    close_without_plans(store, "2026-01")
    used(store, "400", billing_month="2026-02")
    close_without_plans(store, "2026-02")
    reopen(store, "2026-01")
    used(store, "1000", billing_month="2026-01")

    assert owed(store, on(plan(base_fee="0"))).amount == 50 + 45


# As it is written down

FILE = """
[[plans]]
name = "team"
currency = "EUR"
base_fee = 49
included_credits = 10_000
mode = "volume"
[[plans.tiers]]
up_to = 100_000
unit_price = "0.010"
[[plans.tiers]]
unit_price = "0.008"

[[subscriptions]]
tenant_id = "acme"
plan = "team"
valid_from = "2026-01"
"""


def test_a_file_of_plans_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text(FILE)
    found = PlanBook.read(path).plan_of("acme", "2026-02")
    tiers = (Tier(up_to=Decimal(100_000), unit_price=Decimal("0.010")), Tier(unit_price=Decimal("0.008")))
    assert found == plan(mode="volume", included_credits=10_000, tiers=tiers)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("base_fee = 49", "base_fee = 49.0", r'plan "team", `plans\.0\.base_fee` must be a whole number or in quotes'),
        ('"0.008"', "0.008", r'plan "team", `plans\.0\.tiers\.1\.unit_price` must be a whole number or in quotes'),
        ("base_fee = 49", 'base_fee = "49.005"', r"`plans\.0\.base_fee` must have 2 decimals at most"),
        ("base_fee = 49", "base_fee = -1", r"`plans\.0\.base_fee` input should be greater than or equal to 0"),
        ("base_fee = 49", "base_fee = true", r"`plans\.0\.base_fee` must be a whole number or in quotes"),
        ('"EUR"', '"euro"', r"`plans\.0\.currency` string should match pattern .*, got a text of 4 characters"),
        ('"volume"', '"stairs"', r"`plans\.0\.mode` input should be 'graduated' or 'volume'"),
        ("up_to = 100_000", "", r"`plans\.0\.tiers` must each end at a larger `up_to`"),
        ("up_to = 100_000", "up_to = 0", r"`plans\.0\.tiers\.0\.up_to` input should be greater than 0"),
        ('unit_price = "0.008"', 'up_to = 5\nunit_price = "1"', r"`plans\.0\.tiers` must end with one without `up_to`"),
        ("unit_price =", "price =", r"`plans\.0\.tiers\.0\.price` is not known\. Did you mean 'unit_price'\?"),
        ('plan = "team"', 'plan = "taem"', r"`subscriptions\.0\.plan` is no plan here\. Did you mean 'team'\?"),
        ('"2026-01"', "2026-01-01", r"`subscriptions\.0\.valid_from` must be a month in quotes, such as \"2026-01\""),
        ('"2026-01"', '"2026-13"', r"`subscriptions\.0\.valid_from` must be a month in quotes"),
        ('"acme"', '"all"', r'`subscriptions\.0\.tenant_id` cannot be "all": "\*" is every tenant'),
        (
            "[[subscriptions]]",
            FILE.partition("\n\n")[0] + "\n[[subscriptions]]",
            r"`plans\.1\.name` is that of an entry",
        ),
        ("[[plans]]", "[[plan]]", r"`plan` is not known\. Did you mean 'plans'\?"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_entry_and_field(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    path = tmp_path / "plans.toml"
    assert right in FILE
    path.write_text(FILE.replace(right, wrong))
    with pytest.raises(InvalidRequestError, match=rf"Cannot use .*plans\.toml: {told}|{told}") as refused:
        PlanBook.read(path)
    assert str(path) in refused.value.message
    assert refused.value.fields


def test_two_plans_of_one_tenant_cannot_begin_in_one_month() -> None:
    twice = [Subscription(tenant_id="acme", plan="team", valid_from="2026-01")] * 2
    with pytest.raises(InvalidRequestError, match=r"`subscriptions\.1\.valid_from` is that of an entry before it"):
        PlanBook([plan()], twice)


def test_what_is_no_month_has_no_statements(store: UsageStore) -> None:
    with pytest.raises(InvalidRequestError, match="`month` must be a month"):
        plan_statements(store, "2026", on(plan()))
