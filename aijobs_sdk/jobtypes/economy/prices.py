"""The models, at what they cost in the vendors' own batches."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.providers.economy import batch_terms
from aijobs_sdk.providers.models import Model, ModelTable


class EconomyTable(ModelTable):
    """The same models, called where batches are taken, and priced so."""

    @classmethod
    def of(cls, models: ModelTable) -> Self:
        """Return the economy table of a table."""
        return cls(models, usd_per_credit=models.usd_per_credit)

    def credits(
        self,
        model: Model,
        input_tokens: int,
        output_tokens: int,
        *,
        at: date | None = None,
        cached_input_tokens: int = 0,
        economy: bool = True,
    ) -> Decimal:
        """Return what that many tokens are in credits."""
        return super().credits(
            model, input_tokens, output_tokens, at=at, cached_input_tokens=cached_input_tokens, economy=economy
        )

    def reached(self, name: str, provider: str | None) -> Model:
        """Return a model by the route that is named, else by its first that takes batches.

        Raises:
            InvalidRequestError: no batch goes there; the models are named that have one.
        """
        model = self.get(name)
        model = model.via_first(takes_batches) if provider is None else model.via(provider)
        if takes_batches(model.provider):
            return model
        field = "model" if provider is None else "provider"
        problem = f"leads to {model.provider}, which takes no batches: leave `economy` out, or ask {self._choices()}"
        raise InvalidRequestError(
            f"`{field}` {problem}.", code="no_economy", fields=[FieldProblem(field=field, problem=problem)]
        )

    def _choices(self) -> str:
        texts = [model for model in self if model.kind == "text"]
        names = [one.name for one in texts if any(takes_batches(route.provider) for route in one.routes)]
        return f"one of these: {', '.join(names)}"


def takes_batches(provider: str) -> bool:
    """Return whether this vendor has batches of its own, and we know their price."""
    return batch_terms(provider) is not None
