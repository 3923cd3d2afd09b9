"""From the texts that are wanted to the requests of one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.economy.payload import EconomyItem, EconomyPayload
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import estimate, quoted_credits
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.jobtypes.generation.writing import request_of
from aijobs_sdk.providers.model import Model


class Asked(NamedTuple):
    """One text that is wanted, and what the vendor is asked for it."""

    item: EconomyItem
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class Asking:
    """Checks, prices and asks for texts that go together."""

    models: EconomyTable
    writers: Writers
    """Over the same table."""

    def model_of(self, payload: EconomyPayload, can_ask: Callable[[str], bool] | None = None) -> Model:
        """Return the model of all of them, by a route that takes batches and, if told, is set up.

        Raises:
            InvalidRequestError: no batch goes there.
        """
        first = payload.items[0].payload
        return self.models.reached(first.model, first.provider, can_ask)

    def prepared(self, payload: EconomyPayload) -> EconomyPayload:
        """Return the payload with what each text is quoted at.

        Raises:
            InvalidRequestError: one of them cannot be asked for; it is named.
        """
        items = [self._prepared(item, n) for n, item in enumerate(payload.items)]
        if len({(item.payload.model, item.payload.provider) for item in items}) > 1:
            raise _several_models()
        return payload.replace(items=tuple(items))

    async def estimated(self, payload: EconomyPayload) -> Estimate:
        """Return what all of them are expected to cost."""
        model = self.model_of(payload)
        await self.writers.load(model)
        return _sum([self._estimated(item.payload, model) for item in payload.items])

    def requests(self, context: JobContext, payload: EconomyPayload, model: Model) -> Mapping[UUID, Asked]:
        """Return the requests, each under an id that it has in every attempt."""
        asked = [self._asked(context, item, model) for item in payload.items]
        return {one.request.job_id: one for one in asked}

    def _prepared(self, item: EconomyItem, n: int) -> EconomyItem:
        payload = item.payload
        try:
            model = self.models.reached(payload.model, payload.provider)
            quoted = quoted_credits(payload, model, self.models, self.writers.count(payload, model))
        except InvalidRequestError as error:
            raise error.within(f"items[{n}].payload.") from None
        return item.replace(payload=payload.replace(estimated_credits=quoted))

    def _estimated(self, payload: GenerationPayload, model: Model) -> Estimate:
        return estimate(payload, model, self.models, self.writers.count(payload, model, by_vocabulary=True))

    def _asked(self, context: JobContext, item: EconomyItem, model: Model) -> Asked:
        request = request_of(context, item.payload, self.writers.candidate(item.payload, model))
        of_its_own = request.replace(
            job_id=uuid5(context.job.id, item.key),
            attempt=item.attempt + context.attempt - 1,
            idempotency_token=context.idempotency_token(item.key),
            draw_key=item.draw_key or item.key,
            streamed=False,
        )
        return Asked(item, of_its_own)


def _sum(estimates: Sequence[Estimate]) -> Estimate:
    first = estimates[0]
    tokens = [one.most_output_tokens for one in estimates]
    most = [one.most_credits for one in estimates]
    return first.replace(
        input_tokens=sum(one.input_tokens for one in estimates),
        output_tokens=sum(one.output_tokens for one in estimates),
        most_output_tokens=None if None in tokens else sum(one for one in tokens if one is not None),
        credits=sum(one.credits for one in estimates),
        most_credits=None if None in most else sum(one for one in most if one is not None),
    )


def _several_models() -> InvalidRequestError:
    problem = "are for several models or routes: a batch is for one model on one route"
    return InvalidRequestError(
        f"Cannot submit this job: `payload.items` {problem}.",
        code="invalid_payload",
        fields=[FieldProblem(field="items", problem=problem)],
    )
