"""A month held against a provider's invoice: what its prices make of our usage, and what it charges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import chain
from pathlib import Path
from typing import Literal

from aijobs_sdk.contract.refusal import bad_argument, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.billing.price_names import provider_key
from aijobs_sdk.usage.checking.facts import InvoiceDifference, InvoiceReconciliation
from aijobs_sdk.usage.checking.invoice_file import read_invoice
from aijobs_sdk.usage.checking.model_names import plain_name
from aijobs_sdk.usage.facts.costs import ProviderCost

_EXACT = Context(prec=500)
"""Amounts come with 30 places; a sum of them has more digits than the 28 of the usual context."""

_ZERO = Decimal(0)


@dataclass
class _Model:
    """One model on both sides, while they are added up. None: that side does not know it."""

    name: str
    invoiced: Decimal | None = None
    reckoned: Decimal | None = None
    is_priced: bool = True

    @property
    def gap(self) -> Decimal:
        return (self.invoiced or _ZERO) - (self.reckoned or _ZERO)

    @property
    def verdict(self) -> Literal["amount_differs", "not_invoiced", "not_reckoned", "not_priced"]:
        if not self.is_priced:
            return "not_priced"
        if self.reckoned is None:
            return "not_reckoned"
        return "not_invoiced" if self.invoiced is None else "amount_differs"


def reconcile_invoice(
    cost: ProviderCost,
    invoice: str | Path,
    *,
    month: str,
    provider: str,
    columns: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    tolerance_usd: Decimal = _ZERO,
) -> InvoiceReconciliation:
    """Hold the `cost` of `month` against the invoice of `provider`, a CSV file, model by model.

    Known are the exports of OpenAI, Anthropic, AWS and FOCUS; `columns` names those of another file. Models are matched
    by name without marks, dates and vendor; `aliases` says which model is meant by a name that this does not match.
    Lines of other months are passed over. A late row costs us in the month that bears it, but the provider in its own.

    Raises:
        InvalidRequestError: the file cannot be read as an invoice in US dollars, or the tolerance is no amount.
    """
    _refuse_no_amount(tolerance_usd)
    if not isinstance(provider, str) or not provider.strip():
        raise bad_argument("provider", f"must be the name of one, such as openai, got {shape_of(provider)}")
    meant = _meant({} if aliases is None else aliases)
    lines = lines_of_other_months = 0
    with localcontext(_EXACT):
        models = _reckoned(cost, provider)
        for line in read_invoice(path_of("invoice", invoice), columns):
            if line.month not in {None, month}:
                lines_of_other_months += 1
                continue
            lines += 1
            name = plain_name(line.item)
            model = models.setdefault(meant.get(name, name), _Model(line.item))
            model.invoiced = (model.invoiced or _ZERO) + line.usd
        invoiced = sum((model.invoiced or _ZERO for model in models.values()), _ZERO)
        reckoned = sum((model.reckoned or _ZERO for model in models.values()), _ZERO)
        apart = [model for model in models.values() if not model.is_priced or abs(model.gap) > tolerance_usd]
        return InvoiceReconciliation(
            month=month,
            provider=provider,
            invoiced_usd=_tidy(invoiced),
            reckoned_usd=_tidy(reckoned),
            gap_usd=_tidy(invoiced - reckoned),
            tolerance_usd=tolerance_usd,
            price_version=cost.price_version,
            lines=lines,
            lines_of_other_months=lines_of_other_months,
            agreed=len(models) - len(apart),
            differences=tuple(map(_difference, sorted(apart, key=lambda model: (-abs(model.gap), model.name)))),
        )


def _meant(aliases: Mapping[str, str]) -> dict[str, str]:
    names = chain.from_iterable(aliases.items()) if isinstance(aliases, Mapping) else [None]
    if not all(isinstance(name, str) for name in names):
        problem = f"must say which model is meant by a name on the invoice, got {shape_of(aliases)}"
        raise bad_argument("aliases", problem)
    return {plain_name(name): plain_name(model) for name, model in aliases.items()}


def _refuse_no_amount(tolerance_usd: Decimal) -> None:
    if not isinstance(tolerance_usd, Decimal) or not tolerance_usd.is_finite() or tolerance_usd < 0:
        raise bad_argument("tolerance_usd", "must be an amount of dollars from 0 on, as a Decimal")


def _reckoned(cost: ProviderCost, provider: str) -> dict[str, _Model]:
    """Return the models of `provider` by plain name. Two that an invoice does not tell apart are one."""
    models: dict[str, _Model] = {}
    wanted = provider_key(provider)
    for priced in cost.priced:
        if provider_key(priced.provider) == wanted:
            model = models.setdefault(plain_name(priced.model), _Model(priced.model))
            model.reckoned = (model.reckoned or _ZERO) + priced.usd
    for unpriced in cost.unpriced:
        if provider_key(unpriced.provider) == wanted:
            models.setdefault(plain_name(unpriced.model), _Model(unpriced.model)).is_priced = False
    return models


def _difference(model: _Model) -> InvoiceDifference:
    return InvoiceDifference(
        model=model.name,
        verdict=model.verdict,
        invoiced_usd=None if model.invoiced is None else _tidy(model.invoiced),
        reckoned_usd=None if model.reckoned is None else _tidy(model.reckoned),
        difference_usd=_tidy(model.gap),
    )


def _tidy(amount: Decimal) -> Decimal:
    """Return the same amount without the zeros at its end, but with cents."""
    whole, _, places = format(amount, "f").partition(".")
    return Decimal(f"{whole}.{places.rstrip('0').ljust(2, '0')}")
