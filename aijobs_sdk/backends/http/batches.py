"""The journals of batches behind a server: each method is one question, or as many as their rows need."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic_core import to_json

from aijobs_sdk.backends.http.answers import as_fact, as_list, as_part
from aijobs_sdk.backends.http.calls import Calls
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.written_rows import WrittenRow, body_of, in_parts, too_large, written
from aijobs_sdk.contract.batches import LONGEST_NAME, BatchChange, BatchItem, BatchRecord, BatchRequest, Hold
from aijobs_sdk.contract.errors import BatchNotFoundError, RequestTooLargeError
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.engine.batches import check_rows_at_once


class Batches:
    """What is asked about batches, over the connections of one loop."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def open(self, request: BatchRequest) -> BatchRecord:
        """Begin a batch, or return the one of this name."""
        question = Question(method="POST", path="/api/batches", body=to_json(request))
        return await self._calls.ask(question, as_fact(BatchRecord))

    async def find(self, name: str) -> BatchRecord:
        """Return the batch of this name.

        Raises:
            BatchNotFoundError: there is none.
        """
        if is_plain(name) and len(name) <= LONGEST_NAME:  # no address can hold another
            for batch in await self._list(Question(method="GET", path="/api/batches", query={"name": name})):
                return batch
        raise BatchNotFoundError(name)

    async def all(self) -> list[BatchRecord]:
        """Return every batch, the newest first."""
        return await self._list(Question(method="GET", path="/api/batches"))

    async def change(self, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said."""
        body = to_json({name: value for name, value in change if value is not None})
        question = Question(method="PATCH", path="/api/batches/{}", names=(batch_id,), body=body)
        return await self._calls.ask(question, as_fact(BatchRecord))

    async def hold(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back."""
        body = to_json({name: value for name, value in hold._asdict().items() if value is not None})
        question = Question(method="PUT", path="/api/batches/{}/holder", names=(batch_id,), body=body)
        return await self._calls.ask(question, as_fact(BatchRecord))

    async def put_rows(self, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep rows, in as many parts as a server takes them.

        Raises:
            InvalidRequestError: they are too many, or one of them cannot be sent; it is named.
        """
        check_rows_at_once(len(rows), field="rows")
        for part in in_parts([written(row) for row in rows]):
            await self._put(batch_id, part)

    async def _put(self, batch_id: UUID, part: Sequence[WrittenRow]) -> None:
        """Send rows together, or by halves where they are too much for the server, or for what stands before it."""
        question = Question(method="PUT", path="/api/batches/{}/rows", names=(batch_id,), body=body_of(part))
        try:
            await self._calls.ask(question, bytes)
        except RequestTooLargeError as error:
            if len(part) == 1:
                raise too_large(part[0], error) from error
            half = len(part) // 2
            await self._put(batch_id, part[:half])
            await self._put(batch_id, part[half:])

    async def rows(self, batch_id: UUID, *, start: int, limit: int) -> list[BatchItem]:
        """Return rows from an index on, of as many answers as they fill."""
        rows: list[BatchItem] = []
        go_on_at: int | None = start
        while go_on_at is not None:
            query = {"start": go_on_at, "limit": limit - len(rows)}
            question = Question(method="GET", path="/api/batches/{}/rows", names=(batch_id,), query=query)
            some, go_on_at = await self._calls.ask(question, as_part(BatchItem, "rows", go_on="next_start"))
            rows += some
            if len(rows) >= limit:
                break
        return rows

    async def delete(self, batch_id: UUID) -> None:
        """Forget a batch."""
        question = Question(method="DELETE", path="/api/batches/{}", names=(batch_id,), done_if=BatchNotFoundError)
        await self._calls.ask(question, bytes)

    async def _list(self, question: Question) -> list[BatchRecord]:
        return await self._calls.ask(question, as_list(BatchRecord, "batches"))
