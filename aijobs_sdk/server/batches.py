"""The journals of batches: begun, filled with rows, held by whoever runs them, and read."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.batches import LONGEST_NAME, MOST_ROWS_AT_ONCE, BatchRecord, BatchRequest
from aijobs_sdk.contract.errors import BatchNotFoundError
from aijobs_sdk.server.answers import BODY, answer, answers_with, refuses_with, takes
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.batch_forms import BatchChangeIn, BatchesOut, HoldIn, RowIn, RowsIn, RowsOut
from aijobs_sdk.server.batch_rows import answer_rows
from aijobs_sdk.server.body import check_count, parsed, read_json
from aijobs_sdk.server.limits import MAX_SEQ

router = APIRouter(prefix="/api/batches", tags=["batches"])


@router.post(
    "", status_code=201, responses=answers_with(BatchRecord, *BODY, status=201), openapi_extra=takes(BatchRequest)
)
async def open_batch(request: Request, writer: Writer) -> Response:
    """Begin a batch; where there is one of this name already, it is the answer, unchanged."""
    asked = parsed(BatchRequest, await read_json(request, writer.site.limits))
    return answer(await writer.backend.open_batch(asked), 201)


@router.get("", responses=answers_with(BatchesOut))
async def list_batches(reader: Reader, name: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None) -> Response:
    """List batches, the newest first, or the one of a name."""
    if name is None:
        return answer(BatchesOut(batches=list(await reader.backend.batches())))
    try:
        return answer(BatchesOut(batches=[await reader.backend.batch(name)]))
    except BatchNotFoundError:
        return answer(BatchesOut(batches=[]))


@router.patch("/{batch_id}", responses=answers_with(BatchRecord, 404, *BODY), openapi_extra=takes(BatchChangeIn))
async def change_batch(batch_id: UUID, request: Request, writer: Writer) -> Response:
    """Say how a batch is to be run from now on, or that it is to stop."""
    change = parsed(BatchChangeIn, await read_json(request, writer.site.limits))
    return answer(await writer.backend.change_batch(batch_id, change))


@router.put("/{batch_id}/holder", responses=answers_with(BatchRecord, 404, 409, *BODY), openapi_extra=takes(HoldIn))
async def hold_batch(batch_id: UUID, request: Request, writer: Writer) -> Response:
    """Take a batch to run it, keep it, or give it back, and say how far it is."""
    asked = parsed(HoldIn, await read_json(request, writer.site.limits))
    return answer(await writer.backend.hold_batch(batch_id, asked.hold()))


@router.put("/{batch_id}/rows", status_code=204, responses=refuses_with(404, *BODY), openapi_extra=takes(RowsIn))
async def put_batch_rows(batch_id: UUID, request: Request, writer: Writer) -> Response:
    """Keep rows, each in place of the one at the same index."""
    body = await read_json(request, writer.site.limits)
    check_count("rows", body.get("rows"), at_most=MOST_ROWS_AT_ONCE)
    rows = parsed(RowsIn, body, known=RowIn).rows
    await writer.backend.put_batch_rows(batch_id, rows)
    return Response(status_code=204)


@router.get("/{batch_id}/rows", responses=answers_with(RowsOut))
async def list_batch_rows(
    batch_id: UUID,
    reader: Reader,
    start: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0,
    limit: Annotated[int, Query(ge=0, le=MOST_ROWS_AT_ONCE)] = MOST_ROWS_AT_ONCE,
) -> Response:
    """List rows in their order, from an index on."""
    enough = reader.site.limits.max_body_bytes
    return await answer_rows(reader.backend, batch_id, start=start, limit=limit, enough_bytes=enough)


@router.delete("/{batch_id}", status_code=204, responses=refuses_with(404))
async def delete_batch(batch_id: UUID, writer: Writer) -> Response:
    """Forget a batch and its rows; its jobs stay."""
    await writer.backend.delete_batch(batch_id)
    return Response(status_code=204)
