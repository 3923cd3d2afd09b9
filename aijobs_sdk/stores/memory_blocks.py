"""Documents with blocks, in this process's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from aijobs_sdk.contract.blocks import Block, BlockChange, Revision
from aijobs_sdk.contract.errors import SuggestionNotFoundError
from aijobs_sdk.contract.records import Document, Effects, NewDocument
from aijobs_sdk.contract.suggestions import Decision, Suggestion
from aijobs_sdk.engine.suggestions import decide
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.memory_records import RecordsInMemory


class BlocksInMemory(RecordsInMemory):
    """The part of the memory store that keeps what jobs left behind, and the blocks that some of them change."""

    def __init__(self, attic: Attic, at_hand: int) -> None:
        super().__init__(attic, at_hand)
        self._blocks: dict[UUID, Block] = {}
        self._blocks_of: dict[UUID, Sequence[UUID]] = {}
        """By document, in their order."""
        self._revisions: defaultdict[UUID, list[Revision]] = defaultdict(list)
        self._suggestions: dict[UUID, Suggestion] = {}
        self._suggested_for: defaultdict[UUID, list[UUID]] = defaultdict(list)
        """By block, oldest first."""

    async def add_document(self, new: NewDocument) -> Document:
        """Keep a document with its blocks, or return the one that is there."""
        if (kept := self._document(new.document.id)) is not None:
            return kept
        self._begun_documents[new.document.id] = new.document
        self._blocks |= {block.id: block for block in new.blocks}
        self._blocks_of[new.document.id] = [block.id for block in new.blocks]
        for revision in new.revisions:
            self._revisions[revision.block_id].append(revision)
        return new.document

    async def block(self, tenant_id: UUID, block_id: UUID) -> Block | None:
        """Return one block of this tenant."""
        block = self._blocks.get(block_id)
        return block if block is not None and block.tenant_id == tenant_id else None

    async def blocks(self, tenant_id: UUID, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document of this tenant, in their order."""
        blocks = (self._blocks[block_id] for block_id in self._blocks_of.get(document_id, ()))
        return [block for block in blocks if block.tenant_id == tenant_id]

    async def revisions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block of this tenant has had."""
        return [one for one in self._revisions.get(block_id, ()) if one.tenant_id == tenant_id]

    async def suggestions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block of this tenant."""
        proposed = (self._suggestions[one] for one in self._suggested_for.get(block_id, ()))
        return [one for one in proposed if one.tenant_id == tenant_id]

    async def decide_suggestion(self, decision: Decision) -> Suggestion:
        """Decide about a suggestion."""
        suggestion = self._suggestions.get(decision.suggestion_id)
        if suggestion is None or suggestion.tenant_id != decision.tenant_id:
            raise SuggestionNotFoundError(decision.suggestion_id)
        decided = decide(suggestion, self._blocks[suggestion.block_id], decision)
        self._suggestions[suggestion.id] = decided.suggestion
        self._keep(decided.effects)
        return decided.suggestion

    def _keep(self, effects: Effects) -> None:
        super()._keep(effects)
        for change in effects.blocks:
            self._change_block(change)
        for suggestion in effects.suggestions:
            self._suggestions[suggestion.id] = suggestion
            self._suggested_for[suggestion.block_id].append(suggestion.id)

    def _change_block(self, change: BlockChange) -> None:
        block = self._blocks.get(change.block_id)
        if block is None or block.tenant_id != change.tenant_id:
            return
        number = block.revision + 1
        self._blocks[block.id] = block.replace(content=change.content, revision=number, updated_at=change.at)
        self._revisions[block.id].append(change.revision(number))
