"""The table of models: what each is called, where it is reached, how much it takes and what it costs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.shapes import nearest

CREDIT_STEP = Decimal("0.000001")
"""The smallest part of a credit that is recorded."""


def _refuse_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write money as a string, "1.75", or as a Decimal: a float is not exact')  # noqa: TRY004 - pydantic reports ValueErrors
    return value


Usd = Annotated[Decimal, BeforeValidator(_refuse_float), Field(ge=0, allow_inf_nan=False)]


class Price(Fact):
    """US dollars per million tokens, and where the figures come from."""

    input: Usd
    output: Usd
    source: str
    as_of: date
    """The day the source was read."""


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
    price: Price


class Model(Fact):
    """One model under our name for it. The first route is the one it is called by."""

    name: str
    kind: Literal["text", "image"] = "text"
    context_window: int | None = Field(default=None, gt=0)
    """Tokens, input and output together; None where the vendor publishes no limit."""
    max_output_tokens: int | None = Field(default=None, gt=0)
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

    def via(self, provider: str) -> Self:
        """Return this model, called at another of its providers and priced as that one prices it.

        Raises:
            InvalidRequestError: no route leads there; the ones that exist are named.
        """
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

    def cost_usd(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return what that many tokens cost on this model's route, exactly."""
        price = self.route.price
        return (price.input * input_tokens + price.output * output_tokens).scaleb(-6)


class ModelTable:
    """The models that can be named, in order. A user's own are added by `with_models`."""

    def __init__(self, models: Iterable[Model], *, usd_per_credit: Decimal) -> None:
        self._models = {model.name: model for model in models}
        self.usd_per_credit = usd_per_credit

    @staticmethod
    def load() -> ModelTable:
        """Return the table this package comes with."""
        return _packaged()

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
        """Return a table that also has these; one with a known name takes that one's place."""
        return ModelTable([*self, *models], usd_per_credit=self.usd_per_credit)

    def credits(self, model: Model, input_tokens: int, output_tokens: int) -> Decimal:
        """Return what that many tokens are in credits, to six decimals, halves rounded up."""
        credits_used = model.cost_usd(input_tokens, output_tokens) / self.usd_per_credit
        return credits_used.quantize(CREDIT_STEP, rounding=ROUND_HALF_UP)

    def _unknown(self, name: str) -> InvalidRequestError:
        hint = nearest(name, self._models)
        return InvalidRequestError(
            f"Unknown model {name!r}.{hint} `aijobs models` lists them.",
            code="unknown_model",
            fields=[FieldProblem(field="model", problem=f"is no known model.{hint}")],
        )


@cache
def _packaged() -> ModelTable:
    data = tomllib.loads(files(__package__).joinpath("models.toml").read_text("utf-8"))
    models = [Model.model_validate(entry) for entry in data["models"]]
    return ModelTable(models, usd_per_credit=Decimal(data["credits"]["usd_per_credit"]))
