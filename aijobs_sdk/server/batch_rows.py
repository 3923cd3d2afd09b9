"""Rows of a batch as an answer that is never much larger than a request may be, however long they are."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend

_ROWS_AT_ONCE = 100


async def answer_rows(backend: Backend, batch_id: UUID, *, start: int, limit: int, enough_bytes: int) -> Response:
    """Answer with up to `limit` rows from the index `start` on, and with where to go on; `RowsOut` is its form."""
    written: list[bytes] = []
    size = 0
    next_start: int | None = start
    while next_start is not None and len(written) < limit and size < enough_bytes:
        asked = min(_ROWS_AT_ONCE, limit - len(written))
        rows = await backend.batch_rows(batch_id, start=next_start, limit=asked)
        next_start = rows[-1].index + 1 if len(rows) == asked else None
        for row in rows:
            if size >= enough_bytes:
                next_start = row.index
                break
            written.append(to_json(row))
            size += len(written[-1])
    return _answer(written, next_start)


def _answer(written: Sequence[bytes], next_start: int | None) -> Response:
    body = b'{"rows":[%s],"next_start":%s}' % (b",".join(written), to_json(next_start))
    return Response(body, media_type="application/json")
