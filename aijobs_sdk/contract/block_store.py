"""The part of a store that keeps what people begin: documents with blocks, and every text that a block has had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.blocks import Block, Revision
from aijobs_sdk.contract.records import Document, NewDocument
from aijobs_sdk.contract.suggestions import Decision, Suggestion


class BlockStore(Protocol):
    """Documents with blocks. Every method is one atomic step; jobs change blocks by their effects."""

    async def add_document(self, new: NewDocument) -> Document:
        """Keep a document with its blocks and the texts that they come with; return it.

        Where the tenant has a document of this id already, that one is returned, and nothing is kept.
        """
        ...

    async def block(self, tenant_id: UUID, block_id: UUID) -> Block | None:
        """Return one block of this tenant."""
        ...

    async def blocks(self, tenant_id: UUID, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document of this tenant, in their order."""
        ...

    async def revisions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block of this tenant has had, oldest first."""
        ...

    async def suggestions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block of this tenant, oldest first, decided or not."""
        ...

    async def decide_suggestion(self, decision: Decision) -> Suggestion:
        """Decide about a suggestion, by the rules of `engine.suggestions.decide()`; return it as it stands then.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError, SuggestionOutdatedError: that cannot be; nothing was changed.
        """
        ...
