"""What a vendor's batch came to: a document, its lineage and a usage row for each answer, an error for each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from aijobs_sdk.contract.economy import BatchAnswer, BatchOutcome
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.records import Effects, UsageRow
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.ai_generation import effects_of, result_of
from aijobs_sdk.jobtypes.economy.payload import EconomyItem
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.generation.writing import Answer, answer_of
from aijobs_sdk.jobtypes.latency import latency_text
from aijobs_sdk.jobtypes.markdown.sanitise import made_safe
from aijobs_sdk.providers.model import Model

_effects = unchecked(Effects)


@dataclass(slots=True)
class Harvest:
    """What is known of the items of a batch so far."""

    context: JobContext
    model: Model
    models: EconomyTable
    results: dict[str, JsonValue] = field(default_factory=dict)
    """By the item's key, as the next."""
    errors: dict[str, JsonValue] = field(default_factory=dict)
    _left_behind: list[Effects] = field(default_factory=list)

    def take_in(self, item: EconomyItem, outcome: BatchOutcome) -> None:
        """Note what became of an item."""
        try:
            answer = self._answer(item, outcome)
        except ProviderError as error:
            self.errors[item.key] = _told(error, item).model_dump(mode="json")
            return
        result = result_of(self.context, item.payload, answer, self.models)
        effects = effects_of(self.context, item.payload, answer, result)
        self._left_behind.append(effects.replace(usage=tuple(self._named(row, item) for row in effects.usage)))
        self.results[item.key] = result.model_dump(mode="json")

    @property
    def effects(self) -> Effects:
        """What is committed with the result."""
        return _effects(
            documents=tuple(one for left in self._left_behind for one in left.documents),
            lineage=tuple(one for left in self._left_behind for one in left.lineage),
            usage=tuple(one for left in self._left_behind for one in left.usage),
        )

    @property
    def result(self) -> Mapping[str, JsonValue]:
        """What the job hands back."""
        return {"results": self.results, "errors": self.errors}

    def _answer(self, item: EconomyItem, outcome: BatchOutcome) -> Answer:
        """Return the answer as it is safe to show.

        Raises:
            ProviderError: there is none.
        """
        match outcome:
            case ProviderError():
                raise outcome
            case BatchAnswer():
                safe = made_safe(outcome.text)
                return answer_of(
                    self.model,
                    item.payload,
                    outcome.finished,
                    raw=outcome.text,
                    content=safe.text,
                    is_cut=safe.is_cut,
                )

    def _named(self, row: UsageRow, item: EconomyItem) -> UsageRow:
        """Return the row with what is known of the item; it took as long as the batch, over all looks at it."""
        began_at = self.context.job.started_at or self.context.began_at
        about = {
            "attempts": item.attempt,
            "economy": True,
            "item": item.key,
            "latency_seconds": latency_text(began_at, row.created_at),
        }
        return row.replace(metadata={**row.metadata, **about})


def _told(error: ProviderError, item: EconomyItem) -> ErrorInfo:
    return ErrorInfo(
        code=error.code,
        category=error.category,
        message=error.message,
        retryable=error.retryable,
        attempt=item.attempt,
        provider=error.provider,
    )
