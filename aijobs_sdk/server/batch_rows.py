"""Rows of a batch as an answer that is never much larger than a request may be, however long they are."""

from __future__ import annotations

from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.server.written import Written


async def answer_rows(backend: Backend, batch_id: UUID, *, start: int, limit: int, enough_bytes: int) -> Response:
    """Answer with up to `limit` rows from the index `start` on, and with where to go on; `RowsOut` is its form."""
    written = Written(enough_bytes=enough_bytes, limit=limit)
    next_start: int | None = start
    while next_start is not None and not written.is_enough:
        asked = written.room()
        rows = await backend.batch_rows(batch_id, start=next_start, limit=asked)
        added = written.add(rows)
        there_are_more = added < len(rows) or len(rows) == asked
        next_start = rows[added - 1].index + 1 if there_are_more else None
    body = b'{"rows":%s,"next_start":%s}' % (written.json(), to_json(next_start))
    return Response(body, media_type="application/json")
