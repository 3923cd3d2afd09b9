"""Documents that people begin, their blocks, and every text that a block has had."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.blocks import MAX_BLOCKS, Block, DocumentRequest, Revision
from aijobs_sdk.contract.records import Document
from aijobs_sdk.server.answers import BODY, answer, answers_with, takes
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.body import check_count, parsed, read_json
from aijobs_sdk.server.forms import Answer
from aijobs_sdk.server.submissions import check_key

router = APIRouter(prefix="/api", tags=["documents"])


class BegunOut(Answer):
    """A document that was begun, and its blocks."""

    document: Document
    blocks: list[Block]


class BlocksOut(Answer):
    """The blocks of a document, in their order."""

    blocks: list[Block]


class RevisionsOut(Answer):
    """Every text that a block has had, oldest first."""

    revisions: list[Revision]


@router.post(
    "/documents",
    status_code=201,
    responses=answers_with(BegunOut, *BODY, status=201),
    openapi_extra=takes(DocumentRequest),
)
async def create_document(
    request: Request, writer: Writer, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Begin a document, with blocks for jobs to fill."""
    check_key(idempotency_key)
    body = await read_json(request, writer.site.limits)
    check_count("blocks", body.get("blocks"), at_most=MAX_BLOCKS)
    asked = parsed(DocumentRequest, body)
    if asked.idempotency_key is None:
        asked = asked.replace(idempotency_key=idempotency_key)
    document = await writer.backend.create_document(asked)
    return answer(BegunOut(document=document, blocks=list(await writer.backend.blocks(document.id))), 201)


@router.get("/documents/{document_id}/blocks", responses=answers_with(BlocksOut))
async def list_blocks(document_id: UUID, reader: Reader) -> Response:
    """List the blocks of a document, in their order."""
    return answer(BlocksOut(blocks=list(await reader.backend.blocks(document_id))))


@router.get("/blocks/{block_id}/revisions", responses=answers_with(RevisionsOut))
async def list_revisions(block_id: UUID, reader: Reader) -> Response:
    """List every text that a block has had, oldest first."""
    return answer(RevisionsOut(revisions=list(await reader.backend.revisions(block_id))))
