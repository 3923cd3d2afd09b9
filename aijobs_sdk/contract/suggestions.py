"""Texts that jobs propose for blocks: somebody applies each, or rejects it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.showing import heading, instant_text, known_facts, long_text
from aijobs_sdk.contract.word import Word
from aijobs_sdk.markup import markup


class SuggestionStatus(Word):
    """What became of a suggestion."""

    PROPOSED = "proposed"
    """Nobody has decided yet."""
    APPLIED = "applied"
    REJECTED = "rejected"


class Suggestion(Fact):
    """A text that a job proposes for its block, which stays as it is until somebody applies it."""

    id: UUID
    tenant_id: UUID
    document_id: UUID
    block_id: UUID
    job_id: UUID
    user_id: UUID
    """On whose behalf it was written."""
    model: str
    """Who wrote it, as `provider`."""
    provider: str
    prompt_length: int = Field(ge=0)
    """Characters that the model was told: lineage has them once the text is part of the document."""
    content: str
    """Sanitised Markdown."""
    based_on: int = Field(ge=1)
    """The number of the revision that it rewrites."""
    status: SuggestionStatus = SuggestionStatus.PROPOSED
    revision_id: UUID | None = None
    """The revision that it became; None unless it was applied."""
    decided_by: UUID | None = None
    created_at: datetime
    decided_at: datetime | None = None

    def _repr_html_(self) -> str:
        told = {
            "suggestion": self.id,
            "block": self.block_id,
            "rewrites revision": self.based_on,
            "by": self.model,
            "decided": None if self.decided_at is None else instant_text(self.decided_at),
        }
        return markup(heading("Suggestion", self.status), long_text(self.content, whole="content"), known_facts(told))


class Decision(NamedTuple):
    """What somebody decided about a suggestion, with the ids of what that leaves."""

    tenant_id: UUID
    suggestion_id: UUID
    status: SuggestionStatus
    by: UUID
    at: datetime
    revision_id: UUID
    lineage_id: UUID
