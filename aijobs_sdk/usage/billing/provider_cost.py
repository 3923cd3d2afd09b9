"""What a month cost at the providers, by the prices of each day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from itertools import groupby

from pydantic import TypeAdapter

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.providers.economy import batch_terms, price_factor
from aijobs_sdk.providers.prices import Price, price_on
from aijobs_sdk.usage.billing.amounts import EXACT
from aijobs_sdk.usage.billing.price_names import provider_key
from aijobs_sdk.usage.billing.prices import Pair, PriceBook
from aijobs_sdk.usage.facts.costs import PricedModel, ProviderCost, UnpricedModel
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

USD_STEP = Decimal("0.000001")
"""What the cost of a model is rounded to, halves to even; the sum is that of the rounded ones, so that it adds up."""


class _Tokens(Fact):
    """What the rows of a model and a day add up to."""

    provider: str
    model: str
    draws: bool
    utc_day: date
    economy: bool
    rows: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    credits: Decimal


_ROWS = TypeAdapter(tuple[_Tokens, ...])


def provider_cost(store: UsageStore, month: str, prices: PriceBook) -> ProviderCost:
    """Return what the providers charge for `month` by list prices; models without one are listed, and cost nothing yet.

    A row costs what its tokens cost on the UTC day it was made, cached ones at their own price, and what went by a
    vendor's own batches at the price of those. A reversal takes off what its row had cost.

    Raises:
        InvalidRequestError: no such month can be.
    """
    month_span(month)
    found = _ROWS.validate_python(store.ask(statement("billing/priced_tokens"), {"month": month}).rows)
    by_model = [tuple(rows) for _, rows in groupby(found, key=lambda row: (row.provider, row.model))]
    histories = [prices.prices_of(_pair(rows)) for rows in by_model]
    with localcontext(EXACT):
        priced = [_priced(rows, history) for rows, history in zip(by_model, histories, strict=True) if history]
        unpriced = [_unpriced(rows) for rows, history in zip(by_model, histories, strict=True) if not history]
        return ProviderCost(
            usd=sum((one.usd for one in priced), Decimal(0)),
            priced=tuple(sorted(priced, key=lambda one: (-one.usd, one.provider, one.model))),
            unpriced=tuple(sorted(unpriced, key=lambda one: (-one.credits, one.provider, one.model))),
            price_version=_version(zip(map(_pair, by_model), histories, strict=True)),
        )


def _pair(rows: Sequence[_Tokens]) -> Pair:
    draws = all(row.draws for row in rows)
    return Pair(rows[0].provider, rows[0].model, "image" if draws else "text")


def _priced(rows: Sequence[_Tokens], prices: tuple[Price, ...]) -> PricedModel:
    return PricedModel(
        provider=rows[0].provider,
        model=rows[0].model,
        rows=sum(row.rows for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        usd=sum((_usd(row, prices) for row in rows), Decimal(0)).quantize(USD_STEP, rounding=ROUND_HALF_EVEN),
        source="; ".join(dict.fromkeys(source for row in rows for source in _sources(row, prices))),
    )


def _usd(row: _Tokens, prices: tuple[Price, ...]) -> Decimal:
    price = price_on(prices, row.utc_day)
    cached_price = price.input if price.cached_input is None else price.cached_input
    # Not price.cost_usd(): it takes a part for no more than the whole, which sums with reversals in them need not be.
    read = price.input * (row.input_tokens - row.cached_input_tokens) + cached_price * row.cached_input_tokens
    million = (read + price.output * row.output_tokens).scaleb(-6)
    return million * price_factor(provider_key(row.provider)) if row.economy else million


def _sources(row: _Tokens, prices: tuple[Price, ...]) -> tuple[str, ...]:
    terms = batch_terms(provider_key(row.provider)) if row.economy else None
    source = price_on(prices, row.utc_day).source
    return (source,) if terms is None else (source, f"batches at {terms.price_factor}: {terms.source}")


def _unpriced(rows: Sequence[_Tokens]) -> UnpricedModel:
    return UnpricedModel(
        provider=rows[0].provider,
        model=rows[0].model,
        rows=sum(row.rows for row in rows),
        credits=sum((row.credits for row in rows), Decimal(0)),
    )


def _version(histories: Iterable[tuple[Pair, tuple[Price, ...]]]) -> str:
    """Return a word for these prices: the same for the same figures, whatever day their source was read."""
    digest = hashlib.sha256()
    for pair, prices in histories:
        terms = batch_terms(provider_key(pair.provider))
        batches = None if terms is None else terms.price_factor
        for price in prices:
            figures = (price.input, price.cached_input, price.output, batches)
            told = [*map(_plain, figures), str(price.valid_from), price.source]
            digest.update("\x1f".join([pair.provider, pair.model, *told, "\n"]).encode())
    return digest.hexdigest()[:12]


def _plain(figure: Decimal | None) -> str:
    return "" if figure is None else format(figure.normalize(), "f")
