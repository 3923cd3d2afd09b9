"""One model: what it is called, where it is reached, how much it takes and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.given import Given
from aijobs_sdk.contract.plain_text import OneLine
from aijobs_sdk.contract.provider import ReasoningEffort
from aijobs_sdk.providers.address import problem_of_address
from aijobs_sdk.providers.economy import price_factor
from aijobs_sdk.providers.prices import Price, in_order, library_prices, price_on, today
from aijobs_sdk.providers.token_counts import EncodingName


class Route(Given):
    """One way to reach a model: a vendor, the vendor's own name for it, and what that vendor charges."""

    provider: OneLine
    """`openai`, `anthropic`, `bedrock`, `vertex`, or a vendor of the user's own."""
    model_id: OneLine
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

    @field_validator("endpoint")
    @classmethod
    def _can_be_reached(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and (problem := problem_of_address(endpoint)) is not None:
            raise ValueError(problem)
        return endpoint

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


class Model(Given):
    """One model under our name for it. The first route that is set up is the one it is called by."""

    name: OneLine
    kind: Literal["text", "image"] = "text"
    context_window: int | None = Field(default=None, gt=0)
    """Tokens, input and output together; None where the vendor publishes no limit."""
    max_output_tokens: int | None = Field(default=None, gt=0)
    takes: frozenset[Parameter] = frozenset(Parameter)
    """What may be asked of it besides a prompt, a system prompt, earlier turns and a longest answer."""
    not_together: tuple[tuple[Parameter, Parameter], ...] = ()
    """Pairs of which a request may name one; a reasoning effort of `none` counts as not named."""
    most_temperature: float = Field(default=2, gt=0, le=2)
    """The highest, where it takes any."""
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


def _day(at: date | None) -> date:
    if at is None:
        return today()
    return at.astimezone(UTC).date() if isinstance(at, datetime) else at


def _priced_by_library(route: Route, name: object, kind: Literal["text", "image"]) -> Route:
    try:
        return route.replace(prices=library_prices(route.provider, route.model_id, kind))
    except LookupError as unknown:
        raise ValueError(f'"{name}" has no price at "{route.provider}": give its route a `price`; {unknown}') from None
