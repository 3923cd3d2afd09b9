"""The table `price` of a store: what its models cost, for questions in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pydantic import TypeAdapter

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.providers.prices import Price
from aijobs_sdk.usage.billing.prices import Pair, PriceBook
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore

_PLACES = 12
"""The digits that the table has, before the point and after it."""


class _Model(Fact):
    provider: str
    model: str
    draws: bool


_MODELS = TypeAdapter(tuple[_Model, ...])


class _Row(Fact):
    provider: str
    model: str
    valid_from: date
    input_usd: Decimal
    cached_input_usd: Decimal | None
    output_usd: Decimal
    source: str
    as_of: date

    @property
    def told(self) -> tuple[object, ...]:
        """All but `as_of`: the day a source was read on changes no price."""
        return tuple(value for name, value in self if name != "as_of")


def refresh_prices(store: UsageStore, prices: PriceBook, *, new_in: int | None = None) -> int:
    """Fill the table `price` with all that the book knows of the models in the store; return how many prices that is.

    A price that holds from the beginning is valid from 0001-01-01. Where nothing has changed, nothing is written. With
    `new_in` it is nothing and 0, unless so many files as that, read last, have models whose prices were never looked
    for: to look at all rows of a large store takes as long as to read a small file.

    Raises:
        InvalidRequestError: a price has more digits than the table.
    """
    with store.reading():  # opened once for all that is asked
        if new_in is not None and not store.ask(statement("billing/new_models"), {"files": new_in}):
            return 0
        pairs = tuple(_pairs(store))
        rows = tuple(_row(pair, price) for pair in pairs for price in prices.prices_of(pair))
        are_noted = set(store.ask(statement("billing/known_prices")).cells) == {row.told for row in rows}
        is_complete = are_noted and len(store.ask("FROM known_model")) == len(pairs)
    if not is_complete:
        _keep(store, rows)
    return len(rows)


def _keep(store: UsageStore, rows: tuple[_Row, ...]) -> None:
    with store.writing() as database:
        database.execute("INSERT OR IGNORE INTO known_model SELECT DISTINCT provider, model FROM entry")
        database.execute("DELETE FROM price")
        for row in rows:
            database.execute(statement("billing/keep_price"), dict(row))


def _pairs(store: UsageStore) -> Iterator[Pair]:
    for found in _MODELS.validate_python(store.ask(statement("billing/models")).rows):
        yield Pair(found.provider, found.model, "image" if found.draws else "text")


def _row(pair: Pair, price: Price) -> _Row:
    return _Row(
        provider=pair.provider,
        model=pair.model,
        valid_from=price.valid_from or date.min,
        input_usd=_fitting(price.input, pair),
        cached_input_usd=None if price.cached_input is None else _fitting(price.cached_input, pair),
        output_usd=_fitting(price.output, pair),
        source=price.source,
        as_of=price.as_of,
    )


def _fitting(usd: Decimal, pair: Pair) -> Decimal:
    """Return the figure, which the table would otherwise round in silence."""
    if usd != round(usd, _PLACES):
        raise InvalidRequestError(
            f'A price of "{pair.model}" at "{pair.provider}" has more than {_PLACES} digits after its point: round it.'
        )
    return usd
