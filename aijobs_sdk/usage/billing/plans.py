"""`PlanBook`: who is on which plan, and within which budget, in a month."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import bad_argument, members_of
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.providers.toml_file import read_toml
from aijobs_sdk.usage.billing.plan_terms import EVERY_TENANT, Budget, Plan, Subscription, Tier
from aijobs_sdk.usage.facts.owed import ALL_TENANTS

_T = TypeVar("_T", Subscription, Budget)
_ByTenant: TypeAlias = Mapping[str, Sequence[_T]]


class PlanBook:
    """Plans, subscriptions to them, and budgets, which fit together."""

    def __init__(
        self, plans: Iterable[Plan] = (), subscriptions: Iterable[Subscription] = (), budgets: Iterable[Budget] = ()
    ) -> None:
        """Hold these.

        Raises:
            InvalidRequestError: two plans have one name, a subscription is to none of them, or two terms of one tenant
                begin in one month, or one is none; the message names the entry, counted from 0, and its field.
        """
        plans = members_of("plans", plans, Plan, "plans")
        subscriptions = members_of("subscriptions", subscriptions, Subscription, "subscriptions")
        budgets = members_of("budgets", budgets, Budget, "budgets")
        _refuse_twice("plans", "name", [plan.name for plan in plans])
        _refuse_twice("subscriptions", "valid_from", [(one.tenant_id, one.valid_from) for one in subscriptions])
        _refuse_twice("budgets", "valid_from", [(one.tenant_id, one.valid_from) for one in budgets])
        self._plans = {plan.name: plan for plan in plans}
        _refuse_unknown_plans(subscriptions, self._plans)
        self._subscriptions = _by_tenant(subscriptions)
        self._budgets = _by_tenant(budgets)

    @staticmethod
    def read(path: str | os.PathLike[str]) -> PlanBook:
        """Return what a TOML file holds: `[[plans]]`, `[[subscriptions]]` and `[[budgets]]`.

        Raises:
            InvalidRequestError: it cannot be used; the message names the file, the entry and the field.
        """
        found = read_toml(path, _PlanFile, _TABLES)
        try:
            return PlanBook(found.plans, found.subscriptions, found.budgets)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"Cannot use {path}: {error.message}", fields=error.fields) from None

    @property
    def subscribers(self) -> frozenset[str]:
        """The tenants with a subscription of their own."""
        return frozenset(self._subscriptions) - {EVERY_TENANT}

    @property
    def has_plan_for_every_tenant(self) -> bool:
        """Whether tenants that no subscription names are on a plan, from some month on."""
        return EVERY_TENANT in self._subscriptions

    @property
    def budgeted_tenants(self) -> frozenset[str]:
        """The tenants with a budget of their own."""
        return frozenset(self._budgets) - {EVERY_TENANT, ALL_TENANTS}

    def plan_of(self, tenant_id: str, month: str) -> Plan | None:
        """Return the plan a tenant is on in a month: its own, else that of every tenant."""
        found = _newest(self._subscriptions, tenant_id, month) or _newest(self._subscriptions, EVERY_TENANT, month)
        return None if found is None else self._plans[found.plan]

    def budget_of(self, tenant_id: str, month: str) -> Budget | None:
        """Return the budget of a tenant in a month: its own, else that of every tenant."""
        return _newest(self._budgets, tenant_id, month) or _newest(self._budgets, EVERY_TENANT, month)

    def budget_of_all(self, month: str) -> Budget | None:
        """Return the budget of all tenants together in a month."""
        return _newest(self._budgets, ALL_TENANTS, month)


def _by_tenant(terms: Sequence[_T]) -> _ByTenant[_T]:
    """Return what each tenant agreed on, the newest first."""
    found: dict[str, list[_T]] = {}
    for one in sorted(terms, key=lambda one: one.valid_from, reverse=True):
        found.setdefault(one.tenant_id, []).append(one)
    return found


def _newest(terms: _ByTenant[_T], tenant_id: str, month: str) -> _T | None:
    return next((one for one in terms.get(tenant_id, ()) if one.valid_from <= month), None)


def _refuse_unknown_plans(subscriptions: Sequence[Subscription], plans: Mapping[str, Plan]) -> None:
    for number, one in enumerate(subscriptions):
        if one.plan not in plans:
            raise bad_argument(f"subscriptions.{number}.plan", f"is no plan here.{nearest(one.plan, plans)}")


def _refuse_twice(entries: str, field: str, keys: Sequence[str | tuple[str, str]]) -> None:
    seen: set[str | tuple[str, str]] = set()
    for number, key in enumerate(keys):
        if key in seen:
            raise bad_argument(f"{entries}.{number}.{field}", "is that of an entry before it: leave one of them out.")
        seen.add(key)


class _PlanFile(Fact):
    """What a file of plans holds."""

    plans: tuple[Plan, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    budgets: tuple[Budget, ...] = ()


_TABLES: Mapping[str, type[Fact]] = {
    "plans": Plan,
    "tiers": Tier,
    "subscriptions": Subscription,
    "budgets": Budget,
}
"""What stands under a name in such a file."""
