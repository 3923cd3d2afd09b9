"""What came of holding a month against a provider's invoice, as facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from aijobs_sdk.contract.model import Fact


class InvoiceDifference(Fact):
    """One model on which the invoice and our reckoning do not agree."""

    model: str
    """As usage names it; of what is on the invoice alone, as that does, and empty where it names none."""
    verdict: Literal["amount_differs", "not_invoiced", "not_reckoned", "not_priced"]
    """`not_reckoned`: usage knows nothing of it. `not_priced`: usage knows it, but no price of it."""
    invoiced_usd: Decimal | None
    reckoned_usd: Decimal | None
    difference_usd: Decimal
    """Invoiced less reckoned, where what is missing counts as nothing."""


class InvoiceReconciliation(Fact):
    """A provider's invoice for a month, held against what its prices make of our usage."""

    month: str
    provider: str
    invoiced_usd: Decimal
    reckoned_usd: Decimal
    gap_usd: Decimal
    """Invoiced less reckoned; small differences that are tolerated are in it."""
    tolerance_usd: Decimal
    """A model agrees if it differs by no more."""
    price_version: str
    lines: int
    """Of the invoice, that were taken into account."""
    lines_of_other_months: int
    """Passed over."""
    agreed: int
    """Models."""
    differences: tuple[InvoiceDifference, ...]
    """Largest first."""
