"""How far tenants are in their budgets of credits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.billing.budgets import budget_standings
from aijobs_sdk.usage.billing.plan_terms import Budget
from aijobs_sdk.usage.billing.plans import PlanBook
from aijobs_sdk.usage.facts.owed import BudgetStanding, Forecast
from aijobs_sdk.usage.store import UsageStore
from usage.usage_entries import entries
from usage.usage_rows import TENANT, usage_row

OTHER = UUID(int=9)
FORECAST = Forecast(
    credits=Decimal(150),
    low=Decimal(140),
    high=Decimal(160),
    through=date(2026, 1, 20),
    method="run rate",
    tested_months=3,
    error=Decimal("0.1"),
)


@pytest.fixture
def store() -> Iterator[UsageStore]:
    store = UsageStore()
    yield store
    store.close()


def budget(tenant: str, amount: int, since: str = "2026-01", *, warn_at: tuple[str, ...] = ("0.8", "1")) -> Budget:
    parts = tuple(map(Decimal, warn_at))
    return Budget(tenant_id=tenant, credits=Decimal(amount), warn_at=parts, valid_from=since)


def used(store: UsageStore, amount: str, number: int = 1, *, tenant: UUID = TENANT, **columns: object) -> None:
    entries(store, [usage_row(number, tenant_id=tenant, credits_used=Decimal(amount))], **columns)


def standings(store: UsageStore, *budgets: Budget, month: str = "2026-01") -> tuple[BudgetStanding, ...]:
    return budget_standings(store, month, PlanBook(budgets=budgets), FORECAST)


@pytest.mark.parametrize(
    ("amount", "state", "share"),
    [
        ("79.999999", "within", "0.8000"),  # the share is rounded, the state is not
        ("80", "warned", "0.8"),
        ("100", "warned", "1"),
        ("100.000001", "over", "1.0000"),
    ],
)
def test_a_budget_is_warned_from_its_first_part_on_and_over_beyond_it(
    store: UsageStore, amount: str, state: str, share: str
) -> None:
    used(store, amount)
    (found,) = standings(store, budget(str(TENANT), 100))
    assert (found.state, found.share, found.used) == (state, Decimal(share), Decimal(amount))


def test_a_budget_without_warnings_is_within_until_it_is_over(store: UsageStore) -> None:
    used(store, "100")
    assert standings(store, budget(str(TENANT), 100, warn_at=()))[0].state == "within"


def test_a_budget_for_every_tenant_holds_for_each_by_itself(store: UsageStore) -> None:
    used(store, "50", 1)
    used(store, "70", 2, tenant=OTHER)
    found = standings(store, budget("*", 100))
    assert [(one.tenant_id, one.used) for one in found] == [(str(OTHER), Decimal(70)), (str(TENANT), Decimal(50))]


def test_the_budget_of_all_comes_first_and_has_the_forecast(store: UsageStore) -> None:
    used(store, "50", 1)
    used(store, "70", 2, tenant=OTHER)
    together, *single = standings(store, budget("*", 10), budget("all", 200))
    assert (together.tenant_id, together.used, together.forecast) == ("all", Decimal(120), Decimal(150))
    assert [one.forecast for one in single] == [None, None]


def test_a_budget_of_its_own_comes_before_that_of_every_tenant(store: UsageStore) -> None:
    used(store, "50")
    assert standings(store, budget("*", 100), budget(str(TENANT), 200))[0].budget == 200


def test_the_newest_budget_that_has_begun_holds(store: UsageStore) -> None:
    book = [budget("acme", 1, "2025-12"), budget("acme", 3, "2026-02"), budget("acme", 2, "2026-01")]
    found = [standings(store, *book, month=month) for month in ("2025-11", "2025-12", "2026-01", "2026-09")]
    assert [[one.budget for one in each] for each in found] == [[], [Decimal(1)], [Decimal(2)], [Decimal(3)]]


def test_a_budget_of_its_own_is_shown_where_nothing_was_used(store: UsageStore) -> None:
    (found,) = standings(store, budget("acme", 100))
    assert (found.used, found.share, found.state) == (Decimal(0), Decimal(0), "within")


def test_a_budget_counts_what_the_month_is_billed_corrections_among_it(store: UsageStore) -> None:
    used(store, "90", 1)
    used(store, "30", 1, kind="reversal", billing_month="2026-02")
    used(store, "50", 2, month_year="2026-02", billing_month="2026-02")
    (found,) = standings(store, budget(str(TENANT), 100), month="2026-02")
    assert found.used == 20


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("credits = 0", r"`budgets\.0\.credits` input should be greater than 0"),
        ("credits = 1.5", r"`budgets\.0\.credits` must be a whole number or in quotes"),
        ('credits = 1\nwarn_at = ["1", "0.8"]', r"`budgets\.0\.warn_at` must be parts of the budget above 0"),
        ('credits = 1\nwarn_at = ["0"]', r"`budgets\.0\.warn_at` must be parts of the budget above 0"),
        ("credits = 1\nwarn_at = [0.8]", r"`budgets\.0\.warn_at\.0` must be a whole number or in quotes"),
    ],
)
def test_a_budget_with_a_mistake_is_refused(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "plans.toml"
    path.write_text(f'[[budgets]]\ntenant_id = "acme"\nvalid_from = "2026-01"\n{line}\n')
    with pytest.raises(InvalidRequestError, match=told):
        PlanBook.read(path)
