"""From a request to a document that a person begins, with its blocks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from aijobs_sdk.contract.blocks import Block, BlockRequest, DocumentRequest, Revision
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.records import Document, NewDocument
from aijobs_sdk.engine.ids import new_id


def new_document(request: DocumentRequest, *, caller: Caller, clock: Clock) -> NewDocument:
    """Return what a store inserts; a block that comes with a text has it as its first revision.

    The document's id is that of its idempotency key, so that a store tells by it what was begun before.
    """
    now = clock.now()
    document = Document(
        id=_document_id(request.idempotency_key, caller),
        tenant_id=caller.tenant_id,
        author_id=request.author_id or caller.user_id,
        job_id=None,
        title=request.title,
        content="",
        configuration=request.configuration,
        created_at=now,
    )
    blocks = tuple(_block(one, document, position) for position, one in enumerate(request.blocks, start=1))
    written = tuple(_first_revision(block, now) for block in blocks if block.content)
    return NewDocument(document, blocks, written)


def _document_id(key: str | None, caller: Caller) -> UUID:
    return new_id() if key is None else uuid5(caller.tenant_id, f"document/{key}")


def _block(request: BlockRequest, document: Document, position: int) -> Block:
    return Block(
        id=new_id(),
        tenant_id=document.tenant_id,
        document_id=document.id,
        position=position,
        title=request.title,
        prompt=request.prompt,
        content=request.content,
        revision=1 if request.content else 0,
        created_at=document.created_at,
        updated_at=document.created_at,
    )


def _first_revision(block: Block, now: datetime) -> Revision:
    return Revision(
        id=new_id(),
        tenant_id=block.tenant_id,
        block_id=block.id,
        number=block.revision,
        content=block.content,
        kind="written",
        job_id=None,
        created_at=now,
    )
