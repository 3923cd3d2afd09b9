"""The table of models: what each is called, where it is reached, how much it takes and what it costs."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import ReasoningEffort
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.providers.economy import price_factor
from aijobs_sdk.providers.prices import Price, Usd, in_order, library_prices, price_on, today
from aijobs_sdk.providers.token_counts import EncodingName
from aijobs_sdk.providers.toml_file import read_toml

CREDIT_STEP = Decimal("0.000001")
"""The smallest part of a credit that is recorded."""


class Route(Fact):
    """One way to reach a model: a vendor, the vendor's own name for it, and what that vendor charges."""

    provider: str
    """`openai`, `anthropic`, `bedrock`, `vertex`, or a vendor of the user's own."""
    model_id: str
    region: str | None = None
    endpoint: str | None = None
    """None: the vendor's library knows it from the region."""
    timeout_seconds: float = Field(default=60, gt=0)
    """How long one provider call may take."""
    retires_on: date | None = None
    """The day from which this vendor no longer serves it, where one is announced."""
    price: Price | None = None
    """What it costs, where that never changed; short for `prices` with one entry."""
    prices: tuple[Price, ...] = ()
    """What it costs since when, the oldest first. Where a model says neither, they are those of `library_prices`."""

    @property
    def price_history(self) -> tuple[Price, ...]:
        """All prices of this route, the oldest first."""
        return self.prices if self.price is None else (self.price,)

    def price_at(self, day: date) -> Price:
        """Return the price that holds on a day, in UTC; before the first dated one, that first one.

        Raises:
            InvalidRequestError: this route has none.
        """
        if not self.price_history:
            raise InvalidRequestError(f'The route to "{self.model_id}" by "{self.provider}" has no price: give it one.')
        return price_on(self.price_history, day)

    @field_validator("prices")
    @classmethod
    def _in_order(cls, prices: tuple[Price, ...]) -> tuple[Price, ...]:
        return in_order(prices)

    @model_validator(mode="after")
    def _priced_once(self) -> Self:
        if self.price is not None and self.prices:
            raise ValueError("names both `price` and `prices`; keep `prices`, with all there are")
        return self


class Parameter(StrEnum):
    """What some models take and others refuse, by its name in a payload."""

    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    STOP = "stop"
    SEED = "seed"
    REASONING_EFFORT = "reasoning_effort"
    TOOLS = "tools"
    OUTPUT_SCHEMA = "output_schema"
    IMAGES = "images"


class Model(Fact):
    """One model under our name for it. The first route that is set up is the one it is called by."""

    name: str
    kind: Literal["text", "image"] = "text"
    context_window: int | None = Field(default=None, gt=0)
    """Tokens, input and output together; None where the vendor publishes no limit."""
    max_output_tokens: int | None = Field(default=None, gt=0)
    takes: frozenset[Parameter] = frozenset(Parameter)
    """What may be asked of it besides a prompt, a system prompt, earlier turns and a longest answer."""
    not_together: tuple[tuple[Parameter, Parameter], ...] = ()
    """Pairs of which a request may name one; a reasoning effort of `none` counts as not named."""
    reasoning_efforts: tuple[ReasoningEffort, ...] = tuple(ReasoningEffort)
    """Those it knows, where it takes any."""
    tokenizer: EncodingName | None = None
    """The vocabulary it reads with, where that is public; None: tokens are estimated."""
    fallbacks: tuple[str, ...] = ()
    """Models that may answer in its place during an outage, where the caller allows it, the best first."""
    successor: str | None = None
    """What its vendor advises instead, in the vendor's own name for it."""
    routes: tuple[Route, ...] = Field(min_length=1)

    @property
    def route(self) -> Route:
        """The route this model is called by."""
        return self.routes[0]

    @property
    def provider(self) -> str:
        """The vendor this model is called at."""
        return self.route.provider

    @property
    def timeout_seconds(self) -> float:
        """How long one call may take on this model's route."""
        return self.route.timeout_seconds

    @property
    def retires_on(self) -> date | None:
        """The day from which the vendor it is called at no longer serves it, where one is announced."""
        return self.route.retires_on

    def via(self, provider: str) -> Self:
        """Return this model, called at another of its providers and priced as that one prices it.

        Raises:
            InvalidRequestError: no route leads there; the ones that exist are named.
        """
        if provider == self.provider:
            return self
        chosen = [route for route in self.routes if route.provider == provider]
        if not chosen:
            known = ", ".join(route.provider for route in self.routes)
            raise InvalidRequestError(
                f'"{self.name}" has no route by "{provider}". It is reached by: {known}.',
                code="unknown_route",
                fields=[FieldProblem(field="provider", problem=f"expected one of: {known}")],
            )
        others = [route for route in self.routes if route.provider != provider]
        return self.model_copy(update={"routes": (*chosen, *others)})

    def via_first(self, can_ask: Callable[[str], bool]) -> Self:
        """Return this model, called at the first of its providers that can be asked, or as it is where none can."""
        return self.via(next(filter(can_ask, (route.provider for route in self.routes)), self.provider))

    def cost_usd(
        self,
        input_tokens: int,
        output_tokens: int,
        *,
        at: date | None = None,
        cached_input_tokens: int = 0,
        economy: bool = False,
    ) -> Decimal:
        """Return what that many tokens cost on this model's route, exactly.

        Args:
            input_tokens: all that it read, cached or not.
            output_tokens: all that it wrote.
            at: the day, or the instant, whose price holds; today where it is None. Days are those of UTC.
            cached_input_tokens: those of the input that the vendor still knew from before.
            economy: whether they are of a batch of the vendor's own; where it has none, that changes nothing.
        """
        price = self.route.price_at(_day(at))
        cost = price.cost_usd(input_tokens, output_tokens, cached_input_tokens=cached_input_tokens)
        return cost * price_factor(self.provider) if economy else cost

    @field_validator("routes")
    @classmethod
    def _priced(cls, routes: tuple[Route, ...], info: ValidationInfo) -> tuple[Route, ...]:
        """Ask the library about routes of which nobody said what they cost: now, and not when a job is to be paid."""
        name, kind = info.data.get("name"), info.data.get("kind", "text")
        return tuple(route if route.price_history else _priced_by_library(route, name, kind) for route in routes)

    @model_validator(mode="after")
    def _pairs_are_taken(self) -> Self:
        unknown = sorted({one for pair in self.not_together for one in pair} - self.takes)
        if unknown:
            raise ValueError(f"`not_together` names {', '.join(unknown)}, which `takes` does not")
        return self

    @field_serializer("takes", when_used="json")
    def _in_one_order(self, takes: frozenset[Parameter]) -> list[Parameter]:
        return [one for one in Parameter if one in takes]


class ModelTable:
    """The models that can be named, in order. A user's own are added by `with_models` and `with_file`."""

    economy: ClassVar[bool] = False
    """Whether credits are those of the vendors' own batches."""

    def __init__(self, models: Iterable[Model], *, usd_per_credit: Decimal) -> None:
        """Hold these models, which fit together.

        Raises:
            InvalidRequestError: two have one name, or one falls back on what is no model of its kind.
        """
        self._models = _by_name(models)
        self.usd_per_credit = usd_per_credit
        for model in self:
            self._check_fallbacks(model)

    @staticmethod
    def load() -> ModelTable:
        """Return the table this package comes with."""
        return _packaged()

    @staticmethod
    def read(path: str | os.PathLike[str]) -> ModelTable:
        """Return the table this package comes with, and the models of a TOML file; see `with_file`."""
        return ModelTable.load().with_file(path)

    def get(self, name: str) -> Model:
        """Return the model of this name.

        Raises:
            InvalidRequestError: there is none; the message names the nearest, or all there are.
        """
        try:
            return self._models[name]
        except KeyError:
            raise self._unknown(name) from None

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def with_models(self, *models: Model) -> ModelTable:
        """Return a table that also has these; one with a known name takes that one's place.

        Raises:
            InvalidRequestError: they do not fit together; the message names the model.
        """
        added = {**self._models, **_by_name(models)}
        return ModelTable(added.values(), usd_per_credit=self.usd_per_credit)

    def with_file(self, path: str | os.PathLike[str]) -> ModelTable:
        """Return a table that also has the models of a TOML file, in the form of the one that comes with the package.

        What a credit costs is the file's to say as well, by `usd_per_credit` in `[credits]`.

        Raises:
            InvalidRequestError: it cannot be used; the message names the file, the model and the field.
        """
        found = read_toml(path, _ModelFile, _TABLES)
        usd_per_credit = self.usd_per_credit if found.credits is None else found.credits.usd_per_credit
        try:
            added = {**self._models, **_by_name(found.models)}
            return ModelTable(added.values(), usd_per_credit=usd_per_credit)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"Cannot use {path}: {error.message}", fields=error.fields) from None

    def credits(
        self,
        model: Model,
        input_tokens: int,
        output_tokens: int,
        *,
        at: date | None = None,
        cached_input_tokens: int = 0,
    ) -> Decimal:
        """Return what that many tokens are in credits, to six decimals, halves rounded up; see `Model.cost_usd`."""
        cost = model.cost_usd(
            input_tokens, output_tokens, at=at, cached_input_tokens=cached_input_tokens, economy=self.economy
        )
        return (cost / self.usd_per_credit).quantize(CREDIT_STEP, rounding=ROUND_HALF_UP)

    def _check_fallbacks(self, model: Model) -> None:
        for name in model.fallbacks:
            other = self._models.get(name)
            if other is None:
                raise _bad_fallback(model, f'"{name}" is no known model.{nearest(name, self._models)}')
            if other is model:
                raise _bad_fallback(model, "it cannot stand in for itself.")
            if other.kind != model.kind:
                raise _bad_fallback(model, f'"{name}" makes {other.kind}s, and it makes {model.kind}s.')

    def _unknown(self, name: str) -> InvalidRequestError:
        hint = nearest(name, self._models)
        return InvalidRequestError(
            f"Unknown model {name!r}.{hint} `aijobs models` lists them.",
            code="unknown_model",
            fields=[FieldProblem(field="model", problem=f"is no known model.{hint}")],
        )


def _day(at: date | None) -> date:
    if at is None:
        return today()
    return at.astimezone(UTC).date() if isinstance(at, datetime) else at


def _priced_by_library(route: Route, name: object, kind: Literal["text", "image"]) -> Route:
    try:
        return route.replace(prices=library_prices(route.provider, route.model_id, kind))
    except LookupError as unknown:
        raise ValueError(f'"{name}" has no price at "{route.provider}": give its route a `price`; {unknown}') from None


def _by_name(models: Iterable[Model]) -> dict[str, Model]:
    models = list(models)
    name, times = Counter(model.name for model in models).most_common(1)[0] if models else ("", 0)
    if times > 1:
        raise InvalidRequestError(
            f'{times} models are named "{name}": give each a name of its own.',
            fields=[FieldProblem(field="name", problem=f"is that of {times} models")],
        )
    return {model.name: model for model in models}


def _bad_fallback(model: Model, problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'Model "{model.name}" names a fallback that cannot be: {problem}',
        fields=[FieldProblem(field="fallbacks", problem=problem)],
    )


class _Credits(Fact):
    usd_per_credit: Usd = Field(gt=0)


class _ModelFile(Fact):
    """What a file of models holds."""

    credits: _Credits | None = None
    models: tuple[Model, ...] = ()


_TABLES: Mapping[str, type[Fact]] = {
    "credits": _Credits,
    "models": Model,
    "routes": Route,
    "price": Price,
    "prices": Price,
}
"""What stands under a name in such a file."""


@cache
def _packaged() -> ModelTable:
    data = tomllib.loads(files(__package__).joinpath("models.toml").read_text("utf-8"))
    return ModelTable(_ModelFile.model_validate(data).models, usd_per_credit=Decimal(data["credits"]["usd_per_credit"]))
