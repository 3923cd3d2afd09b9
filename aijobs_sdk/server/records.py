"""What jobs leave behind: documents, their history, and what was used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.records import Document, UsageRow
from aijobs_sdk.contract.usage_pages import MOST_PAGE_ROWS, usage_pages
from aijobs_sdk.server.answers import answer, answers_with, refuses_with
from aijobs_sdk.server.auth import Reader
from aijobs_sdk.server.forms import Instant, LineageOut
from aijobs_sdk.server.problems import Refusal
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.exports.csv_export import csv_line

router = APIRouter(prefix="/api", tags=["records"])


class UsageFormat(StrEnum):
    """How usage rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


@router.get("/documents/{document_id}", responses=answers_with(Document, 404))
async def get_document(document_id: UUID, reader: Reader) -> Response:
    """Show a document."""
    document = await reader.backend.document(document_id)
    if document is None:
        raise Refusal(404, "document_not_found", f"No document {document_id}. A job's result names the one it made.")
    return answer(document)


@router.get("/documents/{document_id}/lineage", responses=answers_with(LineageOut))
async def list_lineage(document_id: UUID, reader: Reader) -> Response:
    """Say how a document came to be, oldest first."""
    return answer(LineageOut(lineage=list(await reader.backend.lineage(document_id))))


@router.get(
    "/usage",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/jsonl": {"itemSchema": {"$ref": "#/components/schemas/UsageRow"}},
                "text/csv": {"schema": {"type": "string"}},
            }
        },
        **refuses_with(),
    },
)
async def list_usage(
    *,
    since: Annotated[Instant, Query()],
    until: Annotated[Instant, Query()],
    reader: Reader,
    after: Annotated[UUID | None, Query()] = None,
    limit: Annotated[int | None, Query(ge=1, le=MOST_PAGE_ROWS)] = None,
    format: Annotated[UsageFormat, Query()] = UsageFormat.JSONL,  # noqa: A002 - the word of the command line, too
) -> Response:
    """List usage rows of a span of time, oldest first, one a line; those of one instant by their ids.

    With a `limit` that is one page. The next one begins where it ends: `since` is the `created_at` of its last row, and
    `after` that row's `id`.
    """
    pages = _pages(reader.backend, since=since, until=until, after=after, limit=limit)
    first = await anext(pages, None) or ()  # before the answer begins: what is wrong now can still be told
    match format:
        case UsageFormat.JSONL:
            return StreamingResponse(_written(b"", first, pages, _json_line), media_type="application/jsonl")
        case UsageFormat.CSV:
            header = csv_line(EXPORT_COLUMNS)
            return StreamingResponse(_written(header, first, pages, _csv_line), media_type="text/csv")
        case _:
            assert_never(format)


async def _pages(
    backend: Backend, *, since: datetime, until: datetime, after: UUID | None, limit: int | None
) -> AsyncGenerator[Sequence[UsageRow]]:
    if limit is not None:
        yield await backend.usage(since=since, until=until, after=after, limit=limit)
        return
    async for page in usage_pages(backend, since=since, until=until, after=after):
        yield page


async def _written(
    header: bytes,
    first: Sequence[UsageRow],
    rest: AsyncIterator[Sequence[UsageRow]],
    line_of: Callable[[UsageRow], bytes],
) -> AsyncIterator[bytes]:
    yield header + b"".join(map(line_of, first))
    async for page in rest:
        yield b"".join(map(line_of, page))


def _json_line(row: UsageRow) -> bytes:
    return row.model_dump_json().encode() + b"\n"


def _csv_line(row: UsageRow) -> bytes:
    return csv_line(export_values(row))
