"""The models, at what they cost in the vendors' own batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.providers.economy import batch_terms
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable


class EconomyTable(ModelTable):
    """The same models, called where batches are taken, and priced so."""

    economy = True

    @classmethod
    def of(cls, models: ModelTable) -> Self:
        """Return the economy table of a table."""
        return cls(models, usd_per_credit=models.usd_per_credit)

    def ways(self, model: Model, provider: str | None = None) -> Sequence[Model]:
        """Return the model as it is, and by each route that takes batches."""
        return [model, *(way for way in super().ways(model, provider) if takes_batches(way.provider))]

    def reached(self, name: str, provider: str | None, can_ask: Callable[[str], bool] | None = None) -> Model:
        """Return a model by the route that is named, else by its first that takes batches and, if told, is set up.

        Raises:
            InvalidRequestError: no batch goes there; the models are named that have one.
        """
        model = self.get(name)
        model = model.via_first(takes_batches) if provider is None else model.via(provider)
        if takes_batches(model.provider):
            if provider is not None or can_ask is None:
                return model
            return model.via_first(lambda other: takes_batches(other) and can_ask(other))
        field = "model" if provider is None else "provider"
        problem = f"leads to {model.provider}, which takes no batches: leave `economy` out, or ask {self._choices()}"
        raise bad_argument(field, problem, code="no_economy")

    def _choices(self) -> str:
        texts = [model for model in self if model.kind == "text"]
        names = [one.name for one in texts if any(takes_batches(route.provider) for route in one.routes)]
        return f"one of these: {', '.join(names)}"


def takes_batches(provider: str) -> bool:
    """Return whether this vendor has batches of its own, and we know their price."""
    return batch_terms(provider) is not None
