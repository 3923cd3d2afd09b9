"""Chunks of rows, priced and sent to a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

from aijobs_sdk.batch.economy.chunks import Chunk
from aijobs_sdk.batch.running.budget import as_priced, most_of
from aijobs_sdk.batch.running.chunk_jobs import CHUNK_TYPE
from aijobs_sdk.batch.running.sending import Sender, as_sent
from aijobs_sdk.batch.running.together import Together
from aijobs_sdk.contract.errors import IdempotencyConflictError, InvalidRequestError
from aijobs_sdk.contract.job import JobRequest

PRICED_AT_ONCE = 100


class ChunkSender(Sender):
    """Sends the rows of one batch as chunks."""

    @classmethod
    def of(cls, sender: Sender) -> Self:
        """Return what sends the same batch so."""
        made = cls(sender.backend, sender.batch_id, is_named=sender.is_named, row_timeout=sender.row_timeout)
        made._submits = Together(sender.backend.submit, most_at_once=1)  # a server takes little more at once
        return made

    async def mosts(self, payloads: Sequence[Mapping[str, Any]]) -> list[Decimal]:
        """Return the most that each of these may cost."""
        found: list[Decimal] = []
        for start in range(0, len(payloads), PRICED_AT_ONCE):
            some = payloads[start : start + PRICED_AT_ONCE]
            estimates = await self.backend.estimate([_alone(as_priced(payload)) for payload in some])
            found += [most_of(one, payload) for one, payload in zip(estimates, some, strict=True)]
        return found

    async def send_chunk(self, chunk: Chunk) -> None:
        """Submit a chunk; the courses of its rows say which job that is.

        Raises:
            InvalidRequestError: it is refused for what one of its rows is.
            AdmissionError: the tenant has too many jobs now.
        """
        while chunk.job_id is None:
            try:
                await self._submits.ask(self._request_for(chunk), heard=chunk.sent)
            except IdempotencyConflictError as conflict:
                if (job := await self.unless_failed(conflict)) is not None:
                    chunk.sent(job)
                else:
                    chunk.again()
        for part in chunk.parts:
            part.payload = {}  # of no more use, and it may be large

    async def refusals(self, chunk: Chunk) -> Mapping[int, InvalidRequestError]:
        """Return which rows of a chunk cannot be sent, by place, and why."""
        found: dict[int, InvalidRequestError] = {}
        for start in range(0, len(chunk.parts), PRICED_AT_ONCE):
            some = [_alone(part.payload) for part in chunk.parts[start : start + PRICED_AT_ONCE]]
            refused = await self.backend.refusals(some)
            found |= {start + place: error for place, error in refused.items()}
        return found

    def _request_for(self, chunk: Chunk) -> JobRequest:
        return JobRequest(
            type=CHUNK_TYPE,
            payload={"items": [part.item(self.batch_id) for part in chunk.parts]},
            batch_id=self.batch_id if self.is_named else None,
            idempotency_key=f"batch/{self.batch_id}/{chunk.name}",
            draw_key=chunk.name,
        )


def checked_for_economy(payload: Mapping[str, Any]) -> JobRequest:
    """Return a request to be checked or priced as a row of a chunk, and not to be stored."""
    return _alone(as_sent(payload))


def _alone(payload: Mapping[str, Any]) -> JobRequest:
    return JobRequest(type=CHUNK_TYPE, payload={"items": [{"key": "alone", "payload": payload}]})
