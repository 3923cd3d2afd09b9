"""Which models can be asked for a text here, which of them are, and how what they read is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.generation.checks import check_fit, refused
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import most_output_tokens, most_read_tokens, read_tokens
from aijobs_sdk.jobtypes.generation.writing import Answer, Candidate, write
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.token_counts import TokenCount, is_at_hand, load_vocabulary


@dataclass(frozen=True, slots=True)
class Writers:
    """The models of a table, as those who want a text see them."""

    models: ModelTable
    quotes_by_vocabulary: bool = False
    """Whether a job is quoted by the vocabulary of its model; else by an estimate: simulated providers count by that.
    """
    vocabularies: Path | None = None
    """A folder of vocabularies; None: where tiktoken keeps its own."""

    async def answer(self, context: JobContext, payload: GenerationPayload) -> Answer:
        """Return the text, by the model that was asked or one that may stand in for it.

        Raises:
            ProviderError: nobody wrote it.
            InvalidRequestError: the model cannot do what is asked.
        """
        asked = self.asked(payload, context.can_ask)
        candidates = [
            self.candidate(payload, model) for model in (asked, *self._fallbacks(payload, asked, context.can_ask))
        ]
        if payload.stream:  # else nobody watches
            await context.progress(5, f"Asking {asked.name}")
        return await write(context, payload, candidates)

    def asked(self, payload: GenerationPayload, can_ask: Callable[[str], bool] | None = None) -> Model:
        """Return the model, by the route that was named, else by the first that is set up here."""
        model = self.models.get(payload.model)
        if payload.provider is not None:
            return model.via(payload.provider)
        return model if can_ask is None else model.via_first(can_ask)

    def first(self) -> Model:
        """Return the model of those who name none: the first of the table that writes.

        Raises:
            InvalidRequestError: there is none.
        """
        found = next((model for model in self.models if model.kind == "text"), None)
        if found is None:
            raise refused("model", "is left out, and no model of the table writes: add one, `Client(models=[…])`")
        return found

    def count(self, payload: GenerationPayload, model: Model, *, by_vocabulary: bool | None = None) -> TokenCount:
        """Return about how many tokens the model reads.

        Raises:
            InvalidRequestError: it cannot do what is asked.
        """
        exactly = self.quotes_by_vocabulary if by_vocabulary is None else by_vocabulary
        count = read_tokens(payload, model.tokenizer if exactly else None, self.vocabularies)
        check_fit(payload, model, count.tokens)
        return count

    def fits_for_sure(self, payload: GenerationPayload, model: Model) -> bool:
        """Return whether the model can do what is asked, as far as that is known without counting.

        Raises:
            InvalidRequestError: it cannot.
        """
        most = most_read_tokens(payload)
        if model.context_window is not None and most > model.context_window:
            return False
        check_fit(payload, model, most)
        return True

    def check_fallback(self, payload: GenerationPayload, asked: Model) -> None:
        """Return when some other model can take this, or none has to.

        Raises:
            InvalidRequestError: none can, or one that the caller names cannot.
        """
        if payload.fallback and not [*self._fallbacks(payload, asked)]:
            raise refused("fallback", f"allows it, but there is no other model to take this instead of {asked.name}")

    async def load(self, model: Model) -> None:
        """Fetch the vocabulary that the model reads with, where it is not at hand."""
        if model.tokenizer is not None and not is_at_hand(model.tokenizer):
            await asyncio.to_thread(load_vocabulary, model.tokenizer, cache_folder=self.vocabularies)

    def candidate(self, payload: GenerationPayload, model: Model) -> Candidate:
        """Return the model, with how long its answer may be.

        Raises:
            InvalidRequestError: it cannot do what is asked.
        """
        is_limited = payload.max_tokens is not None or payload.max_credits is not None
        return Candidate(model, self._most_tokens(payload, model) if is_limited else None)

    def _most_tokens(self, payload: GenerationPayload, model: Model) -> int | None:
        return most_output_tokens(payload, model, self.models, self.count(payload, model))

    def _fallbacks(
        self, payload: GenerationPayload, asked: Model, can_ask: Callable[[str], bool] | None = None
    ) -> Iterator[Model]:
        """Yield the models that may answer instead; one that the caller names has to be able to, others are left out.

        So are those that cannot be asked here: an outage of one provider says nothing about the keys of another.

        Raises:
            InvalidRequestError: one that the caller names cannot do what is asked.
        """
        named = asked.fallbacks if isinstance(payload.fallback, bool) else payload.fallback
        for name in named if payload.fallback else ():
            try:
                model = self.models.get(name)
                model = model if can_ask is None else model.via_first(can_ask)
                self._most_tokens(payload, model)
            except InvalidRequestError as unfit:
                if not isinstance(payload.fallback, bool):
                    raise refused(
                        "fallback", f"names {name!r}, which cannot take this: {unfit.message.rstrip('.')}"
                    ) from None
            else:
                if can_ask is None or can_ask(model.provider):
                    yield model
