"""The credits that a month bills, by tenant and by the month they were used in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import TypeAdapter

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore


class MonthCredits(Fact):
    """Credits that a tenant used in `month_year`, as far as they were billed."""

    tenant_id: str
    month_year: str
    before: Decimal
    """Billed in earlier months; 0 for the month itself."""
    now: Decimal
    """Billed in those and this one."""


_ROWS = TypeAdapter(tuple[MonthCredits, ...])


def billed_credits(store: UsageStore, month: str) -> Mapping[str, tuple[MonthCredits, ...]]:
    """Return by tenant what `month` bills: itself, and earlier months that it corrects, in order.

    Raises:
        InvalidRequestError: no such month can be.
    """
    month_span(month)
    found: dict[str, tuple[MonthCredits, ...]] = {}
    for row in _ROWS.validate_python(store.ask(statement("billing/credits"), {"month": month}).rows):
        found[row.tenant_id] = (*found.get(row.tenant_id, ()), row)
    return found
