"""Prices: what a million tokens cost, since which day, and who says so; ours, or those of a library of prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from aijobs_sdk.contract.given import Given

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

_LIBRARY = "genai-prices"
_KNOWN_THERE_AS = {"bedrock": "aws", "vertex": "google"}
"""Vendors that the library calls otherwise."""


def _refuse_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write money as a string, "1.75", or as a Decimal: a float is not exact')  # noqa: TRY004 - pydantic reports ValueErrors
    return value


MOST_USD = 1_000_000
"""A dollar a token: beyond that there is no bill that a store could keep."""
Usd = Annotated[Decimal, BeforeValidator(_refuse_float), Field(ge=0, le=MOST_USD, allow_inf_nan=False)]


class Price(Given):
    """US dollars per million tokens, since when, and where the figures come from."""

    input: Usd
    output: Usd
    cached_input: Usd | None = None
    """For what the vendor still knew from before; None: it costs what `input` costs."""
    valid_from: date | None = None
    """The first day of this price, UTC; None: it held from the beginning."""
    source: str
    as_of: date
    """The day the source was read."""

    def cost_usd(self, input_tokens: int, output_tokens: int, *, cached_input_tokens: int = 0) -> Decimal:
        """Return what that many tokens cost, exactly; `cached_input_tokens` are a part of `input_tokens`."""
        cached = min(cached_input_tokens, input_tokens)  # no part is more than the whole, whatever a vendor counts
        cached_price = self.input if self.cached_input is None else self.cached_input
        read = self.input * (input_tokens - cached) + cached_price * cached
        return (read + self.output * output_tokens).scaleb(-6)


def in_order(prices: Sequence[Price]) -> tuple[Price, ...]:
    """Return prices of one thing, the oldest first.

    Raises:
        ValueError: two begin on one day, or two on none, so that nobody could tell which of them holds.
    """
    ordered = sorted(prices, key=_first_day)
    for one, other in pairwise(ordered):
        if one.valid_from == other.valid_from:
            since = "without `valid_from`" if one.valid_from is None else f"valid from {one.valid_from}"
            raise ValueError(f"two prices are {since}; leave one of them out, or give them days of their own")
    return tuple(ordered)


def price_on(prices: Sequence[Price], day: date) -> Price:
    """Return the price that holds on a day, of prices in order; before the first of them, that first one."""
    return next((price for price in reversed(prices) if _first_day(price) <= day), prices[0])


def today() -> date:
    """Return the day it is, in UTC: the day by which prices begin."""
    return datetime.now(UTC).date()


def library_prices(provider: str, model_id: str, kind: Literal["text", "image"]) -> tuple[Price, ...]:
    """Return all that the library of prices knows of a vendor's model, the oldest first.

    The library has them in itself: no network is asked. A price that rises with the length of the prompt is that of
    short ones, and its source says how short.

    Raises:
        LookupError: there is no price; the message says why, and fits behind a colon.
    """
    try:
        from genai_prices import __version__, data  # noqa: PLC0415 - an extra, and a fifth of a second to import
    except ModuleNotFoundError:
        raise LookupError("a library knows many, pip install 'aijobs-sdk[prices]'") from None
    vendor = next((one for one in data.providers if one.id == _KNOWN_THERE_AS.get(provider, provider)), None)
    found = None if vendor is None else vendor.find_model(model_id)
    if found is None:
        raise LookupError(f"{_LIBRARY} {__version__} does not know it")
    source = f"{_LIBRARY} {__version__}"
    return _without_repeats([_price(listed, since, kind, source) for since, listed in _dated(found, source)])


def _first_day(price: Price) -> date:
    return price.valid_from or date.min


def _without_repeats(prices: Sequence[Price]) -> tuple[Price, ...]:
    """Leave out prices that change no figure of ours, such as when only searches became dearer."""
    kept: list[Price] = []
    for price in in_order(prices):
        if not kept or price.replace(valid_from=None) != kept[-1].replace(valid_from=None):
            kept.append(price)
    return tuple(kept)


def _dated(model: ModelInfo, source: str) -> Iterator[tuple[date | None, ModelPrice]]:
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415 - with the library, see above

    if isinstance(model.prices, ModelPrice):
        yield None, model.prices
        return
    for one in model.prices:
        if one.constraint is None:
            yield None, one.prices
        elif isinstance(one.constraint, StartDateConstraint):
            yield one.constraint.start_date, one.prices
        else:
            raise LookupError(f"by {source} it changes with the hour, and a price here holds for days")


def _price(listed: ModelPrice, since: date | None, kind: Literal["text", "image"], source: str) -> Price:
    # What an image model writes is pictures; where nothing is said of those, they are all that it writes.
    written = (listed.output_image_mtok if kind == "image" else None) or listed.output_mtok
    if listed.input_mtok is None or written is None:
        raise LookupError(f"{source} does not price it by the tokens it reads and writes")
    shortest = _shortest_tier(listed.input_mtok, written)
    return Price(
        input=_base(listed.input_mtok),
        output=_base(written),
        cached_input=None if listed.cache_read_mtok is None else _base(listed.cache_read_mtok),
        valid_from=since,
        source=source if shortest is None else f"{source}, for prompts of up to {shortest:,} tokens",
        as_of=today(),
    )


def _base(price: Decimal | TieredPrices) -> Decimal:
    return price if isinstance(price, Decimal) else price.base


def _shortest_tier(*prices: Decimal | TieredPrices) -> int | None:
    """Return the longest prompt for which base prices hold; None where they hold for all."""
    return min((tier.start for price in prices if not isinstance(price, Decimal) for tier in price.tiers), default=None)
