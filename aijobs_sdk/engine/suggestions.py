"""What becomes of a suggestion: applied as its block's next text, or rejected, and once only."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.blocks import Block, BlockChange
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import SuggestionDecidedError, SuggestionOutdatedError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.records import Effects, LineageEvent
from aijobs_sdk.contract.suggestions import Decision, Suggestion, SuggestionStatus
from aijobs_sdk.engine.ids import new_id


class Decided(NamedTuple):
    """A suggestion as it stands after a decision, and what that changes elsewhere."""

    suggestion: Suggestion
    effects: Effects


def new_decision(suggestion_id: UUID, status: SuggestionStatus, *, caller: Caller, clock: Clock) -> Decision:
    """Return what a caller decides now."""
    return Decision(
        tenant_id=caller.tenant_id,
        suggestion_id=suggestion_id,
        status=status,
        by=caller.user_id,
        at=clock.now(),
        revision_id=new_id(),
        lineage_id=new_id(),
    )


def decide(suggestion: Suggestion, block: Block, decision: Decision) -> Decided:
    """Return the suggestion as it was decided, the same again where that was decided before.

    Raises:
        SuggestionDecidedError: the opposite was decided before.
        SuggestionOutdatedError: it is to be applied, and the block has another text by now.
    """
    if suggestion.status is decision.status:
        return Decided(suggestion, Effects())
    if suggestion.status is not SuggestionStatus.PROPOSED:
        raise SuggestionDecidedError(suggestion.id, suggestion.status)
    decided = suggestion.replace(status=decision.status, decided_by=decision.by, decided_at=decision.at)
    if decision.status is SuggestionStatus.REJECTED:
        return Decided(decided, Effects())
    if block.revision != suggestion.based_on:
        raise SuggestionOutdatedError(suggestion.id, based_on=suggestion.based_on, revision=block.revision)
    return Decided(decided.replace(revision_id=decision.revision_id), _applied(suggestion, decision))


def _applied(suggestion: Suggestion, decision: Decision) -> Effects:
    change = BlockChange(
        revision_id=decision.revision_id,
        tenant_id=suggestion.tenant_id,
        block_id=suggestion.block_id,
        content=suggestion.content,
        kind="refine",
        job_id=suggestion.job_id,
        at=decision.at,
    )
    event = LineageEvent(
        id=decision.lineage_id,
        tenant_id=suggestion.tenant_id,
        document_id=suggestion.document_id,
        job_id=suggestion.job_id,
        model=suggestion.model,
        provider=suggestion.provider,
        prompt_length=suggestion.prompt_length,
        output_length=len(suggestion.content),
        actor_id=suggestion.user_id,
        at=decision.at,
    )
    return Effects(blocks=(change,), lineage=(event,))
