"""`PriceBook`: what a provider charges for a model since which day, from lists that lie over one another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.prices import Price, in_order, library_prices
from aijobs_sdk.usage.billing.litellm import litellm_prices
from aijobs_sdk.usage.billing.price_names import model_key, provider_key, spellings

Kind: TypeAlias = Literal["text", "image"]

_Key: TypeAlias = tuple[str, str]
"""Provider and model, each by its one name."""
_PriceList: TypeAlias = Mapping[_Key, tuple[Price, ...]]


class Pair(NamedTuple):
    """A model as rows of usage name it, at the provider they name."""

    provider: str
    model: str
    kind: Kind = "text"
    """What it makes: what an image model writes is priced as pictures."""


class PriceBook:
    """US dollars per million tokens, by day: the user's prices, else ours, else those of the library `genai-prices`.

    A list that begins on a day leaves earlier days to those beneath it, so that a price dated today changes no bill of
    the past. On a day before all of them the earliest one holds.
    """

    def __init__(self, models: ModelTable, *, over: Sequence[_PriceList] = ()) -> None:
        if not isinstance(models, ModelTable):
            raise bad_argument(
                "models", f"must be a table of models, got {shape_of(models)}; `PriceBook.load()` has ours"
            )
        self._models = models
        self._ids = _model_ids(models)
        self._lists = (_list_of_models(models), *over)

    @staticmethod
    def load(path: str | os.PathLike[str] | None = None) -> PriceBook:
        """Return the prices that are known without being told, and over them those of a file; see `with_file`."""
        book = PriceBook(ModelTable.load())
        return book if path is None else book.with_file(path)

    def with_file(self, path: str | os.PathLike[str]) -> PriceBook:
        """Return a book in which the prices of a file lie over these.

        A `.toml` file has the form of `models.toml`: what a client is given as `models`. A `.json` file is the list
        that LiteLLM keeps; it says no days, so its prices hold from the beginning.

        Raises:
            InvalidRequestError: the file cannot be used; the message names the entry and the field.
        """
        path = path_of("path", path)
        match path.suffix.lower():
            case ".toml":
                read = self._models.with_file(path)
                known = {model.name: model for model in self._models}
                return self._with(_list_of_models(model for model in read if known.get(model.name) is not model))
            case ".json":
                return self._with(
                    _list_of((provider, name, (price,)) for provider, name, price in litellm_prices(path))
                )
            case _:
                raise InvalidRequestError(f"{path} is no list of prices: its name must end in .toml or .json.")

    def with_prices(self, provider: str, model: str, *prices: Price) -> PriceBook:
        """Return a book in which these prices of one model lie over the others.

        Raises:
            ValueError: two of them begin on one day.
        """
        return self._with(_list_of([(provider, model, in_order(prices))]))

    def prices_of(self, pair: Pair) -> tuple[Price, ...]:
        """Return all prices of a model, the oldest first; none where nobody knows any."""
        keys = self._keys(pair)
        found: tuple[Price, ...] = ()
        for prices in self._lists:
            found = _laid_over(next((prices[key] for key in keys if key in prices), ()), found)
        # Asked only where it could matter: it takes a fifth of a second to load.
        return found if found and found[0].valid_from is None else _laid_over(found, self._library(pair))

    def _with(self, prices: _PriceList) -> PriceBook:
        return PriceBook(self._models, over=(*self._lists[1:], prices))

    def _keys(self, pair: Pair) -> tuple[_Key, ...]:
        """Return what the model may stand under: as it is named, and as its vendor calls it."""
        provider = provider_key(pair.provider)
        own = (provider, model_key(provider, pair.model))
        return (own, *((provider, model_key(provider, one)) for one in self._ids.get(own, ())))

    def _library(self, pair: Pair) -> tuple[Price, ...]:
        provider, model = self._keys(pair)[0]
        names = (*spellings(provider, pair.model), *self._ids.get((provider, model), ()))
        for name in names:
            try:
                return library_prices(provider, name, pair.kind)
            except LookupError:
                continue
        return ()


def _laid_over(upper: tuple[Price, ...], lower: tuple[Price, ...]) -> tuple[Price, ...]:
    if not upper:
        return lower
    begins = _first_day(upper[0])
    return (*(price for price in lower if _first_day(price) < begins), *upper)


def _first_day(price: Price) -> date:
    return price.valid_from or date.min


def _list_of_models(models: Iterable[Model]) -> _PriceList:
    """Return the prices of models by our names for them, and by their vendors' where no model of ours is called so."""
    routes = [(model.name, route) for model in models for route in model.routes]
    by_name = [(route.provider, name, route.price_history) for name, route in routes]
    return _list_of([*by_name, *((route.provider, route.model_id, route.price_history) for _, route in routes)])


def _list_of(entries: Iterable[tuple[str, str, tuple[Price, ...]]]) -> _PriceList:
    """Return prices by key; of two spellings of one model the first counts."""
    found: dict[_Key, tuple[Price, ...]] = {}
    for provider, model, prices in entries:
        key = provider_key(provider)
        found.setdefault((key, model_key(key, model)), prices)
    return MappingProxyType(found)


def _model_ids(models: ModelTable) -> Mapping[_Key, tuple[str, ...]]:
    found: dict[_Key, tuple[str, ...]] = {}
    for model in models:
        for route in model.routes:
            key = provider_key(route.provider), model_key(route.provider, model.name)
            found[key] = (*found.get(key, ()), route.model_id)
    return found
