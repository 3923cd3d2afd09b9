"""What jobs leave behind: documents, their history, and what was used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from aijobs_sdk.contract.records import Document, UsageRow
from aijobs_sdk.server.answers import answer, answers_with, refuses_with
from aijobs_sdk.server.auth import Reader
from aijobs_sdk.server.forms import Instant, LineageOut
from aijobs_sdk.server.problems import Refusal
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.csv_export import csv_line

router = APIRouter(prefix="/api", tags=["records"])

_ROWS_AT_ONCE = 200


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
    since: Annotated[Instant, Query()],
    until: Annotated[Instant, Query()],
    reader: Reader,
    format: Annotated[UsageFormat, Query()] = UsageFormat.JSONL,  # noqa: A002 - the word of the command line, too
) -> Response:
    """List usage rows of a span of time, oldest first, one a line."""
    rows = await reader.backend.usage(since=since, until=until)
    match format:
        case UsageFormat.JSONL:
            return StreamingResponse(_in_parts(_json_lines(rows)), media_type="application/jsonl")
        case UsageFormat.CSV:
            return StreamingResponse(_in_parts(_csv_lines(rows)), media_type="text/csv")
        case _:
            assert_never(format)


def _json_lines(rows: Sequence[UsageRow]) -> Iterator[bytes]:
    return (row.model_dump_json().encode() + b"\n" for row in rows)


def _csv_lines(rows: Sequence[UsageRow]) -> Iterator[bytes]:
    yield csv_line(EXPORT_COLUMNS)
    yield from (csv_line(export_values(row)) for row in rows)


async def _in_parts(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    part: list[bytes] = []
    for line in lines:
        part.append(line)
        if len(part) == _ROWS_AT_ONCE:
            yield b"".join(part)
            part.clear()
    yield b"".join(part)
