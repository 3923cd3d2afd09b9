"""Texts that jobs proposed for blocks: listed, applied, rejected."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.server.answers import answer, answers_with
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.forms import Answer

router = APIRouter(prefix="/api", tags=["documents"])


class SuggestionsOut(Answer):
    """Every text that was proposed for a block, oldest first."""

    suggestions: list[Suggestion]


@router.get("/blocks/{block_id}/suggestions", responses=answers_with(SuggestionsOut))
async def list_suggestions(block_id: UUID, reader: Reader) -> Response:
    """List every text that was proposed for a block, oldest first, decided or not."""
    return answer(SuggestionsOut(suggestions=list(await reader.backend.suggestions(block_id))))


@router.post("/suggestions/{suggestion_id}/apply", responses=answers_with(Suggestion, 404, 409))
async def apply_suggestion(suggestion_id: UUID, writer: Writer) -> Response:
    """Make a proposed text its block's own; one that was applied before stays so."""
    return answer(await writer.backend.apply_suggestion(suggestion_id))


@router.post("/suggestions/{suggestion_id}/reject", responses=answers_with(Suggestion, 404, 409))
async def reject_suggestion(suggestion_id: UUID, writer: Writer) -> Response:
    """Leave the block as it is; a suggestion that was rejected before stays so."""
    return answer(await writer.backend.reject_suggestion(suggestion_id))
