"""The table of models: those that can be named, and what tokens of each are in credits."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import ClassVar

from pydantic import Field

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.shapes import nearest, shortened
from aijobs_sdk.providers.model import Model, Route
from aijobs_sdk.providers.prices import Price, Usd
from aijobs_sdk.providers.toml_file import read_toml

CREDIT_STEP = Decimal("0.000001")
"""The smallest part of a credit that is recorded."""


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

    def ways(self, model: Model, provider: str | None = None) -> Sequence[Model]:
        """Return the model by each route it may be called by: the one that is named, else whichever is set up."""
        return [model.via(one) for one in ([provider] if provider else [route.provider for route in model.routes])]

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
            f"Unknown model {shortened(name)!r}.{hint} `aijobs models` lists them.",
            code="unknown_model",
            fields=[FieldProblem(field="model", problem=f"is no known model.{hint}")],
        )


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
    usd_per_credit: Usd = Field(ge=CREDIT_STEP)


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
