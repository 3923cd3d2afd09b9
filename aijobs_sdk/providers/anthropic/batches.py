"""Anthropic's Message Batches: many messages in one request, whose results are one file within a day.

They have no place for a name of one's own. The names of the requests hold it, which are told once a batch has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

import anthropic
import httpx2
from pydantic_core import to_json

from aijobs_sdk.contract.economy import BatchIntent, BatchLimits, BatchRow, RemoteBatch
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.anthropic.adapter import ANTHROPIC, API_VERSION, Anthropic
from aijobs_sdk.providers.anthropic.batch_answer import NAME, Batch, BatchPage, read_line
from aijobs_sdk.providers.anthropic.failures import translated
from aijobs_sdk.providers.anthropic.request import messages_request
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.providers.economy_rows import (
    NOT_SURE,
    check_batch,
    check_over,
    custom_id,
    earliest_of,
    lines_of,
    mark_in,
    mark_of,
    read_rows,
)

_BATCHES = "/v1/messages/batches"
_PAGE = 100
"""The batches that are asked for at once."""


class BatchingAnthropic(Anthropic):
    """Anthropic itself, asked one by one or in batches."""

    @property
    def batch_limits(self) -> BatchLimits:
        """Return the most that Anthropic takes at once."""
        return limits_of(NAME)

    async def batch_bytes(self, request: GenerationRequest) -> int:
        """Return how long the request is among others.

        Raises:
            ProviderError: Anthropic cannot be asked that.
        """
        return len(self._item(request, mark_of(""))) + 1

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        """Send all requests at once, and return the batch that they now are.

        Raises:
            InvalidRequestError: they cannot be one batch.
            ProviderError: whatever went wrong, translated.
        """
        check_batch(requests)
        endpoint, mark = requests[0].endpoint, mark_of(token)
        body = await asyncio.to_thread(self._body, requests, mark)  # seconds of work, where there are many thousands
        return await self._post("", endpoint, body, headers={"Idempotency-Key": mark})

    async def find_batch(self, intent: BatchIntent) -> RemoteBatch | None:
        """Return the batch whose requests hold the mark of this intent in their names.

        Raises:
            ProviderError: whatever went wrong; `batch_not_sure` while a batch goes on that may be it.
        """
        may_be = False
        with translated(NAME):
            async with aclosing(self._newest_first(intent)) as batches:
                async for batch in batches:
                    if batch.total != intent.size:
                        continue
                    if not batch.state.is_final:
                        may_be = True
                    elif await self._mark_in(batch) == mark_of(intent.token):
                        return batch
        if may_be:
            raise NOT_SURE.error(NAME)
        return None

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch as it is now.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with translated(NAME):
            seen = await self._get(f"/{batch.id}", batch.endpoint)
            return Batch.model_validate_json(seen).remote(endpoint=batch.endpoint)

    async def batch_results(
        self, batch: RemoteBatch, asked: Mapping[UUID, GenerationRequest]
    ) -> AsyncGenerator[BatchRow]:
        """Yield what became of each request.

        Raises:
            ProviderError: the batch goes on, or the results cannot be read now.
        """
        over = await self.batch_status(batch)
        check_over(over)
        with translated(NAME):
            async with (
                aclosing(self._results(over)) as lines,
                aclosing(read_rows(lines, over, asked, read_line)) as rows,
            ):
                async for row in rows:
                    yield row

    async def cancel_batch(self, batch: RemoteBatch) -> RemoteBatch:
        """Ask Anthropic to stop.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        current = await self.batch_status(batch)
        return current if current.state.is_final else await self._post(f"/{batch.id}/cancel", batch.endpoint)

    def _body(self, requests: Sequence[GenerationRequest], mark: str) -> bytes:
        return b'{"requests":[' + b",".join(self._item(request, mark) for request in requests) + b"]}"

    def _item(self, request: GenerationRequest, mark: str) -> bytes:
        tags = self._network.tags(request)
        asked = messages_request(request.replace(streamed=False), ANTHROPIC)
        asked.pop("stream", None)  # as long answers are outside of batches
        item = {
            "custom_id": custom_id(request.job_id, mark),
            **({"headers": dict(tags)} if tags else {}),  # for a simulated Anthropic alone
            "params": asked,
        }
        return to_json(item)

    async def _newest_first(self, intent: BatchIntent) -> AsyncGenerator[RemoteBatch]:
        """Yield the batches that were made since the intent was written."""
        after = ""
        while True:
            page = BatchPage.model_validate_json(await self._get(f"?limit={_PAGE}{after}", intent.endpoint))
            for batch in page.data:
                remote = batch.remote(endpoint=intent.endpoint)
                if remote.created_at < earliest_of(intent):
                    return
                yield remote
            if not page.has_more or page.last_id is None:
                return
            after = f"&after_id={page.last_id}"

    async def _mark_in(self, batch: RemoteBatch) -> str | None:
        async with aclosing(self._results(batch)) as lines:
            async for line in lines:
                return mark_in(line)
        return None

    async def _results(self, batch: RemoteBatch) -> AsyncGenerator[bytes]:
        stream = await self._client_at(batch.endpoint).get(
            f"{_BATCHES}/{batch.id}/results",
            cast_to=object,
            options={"headers": {"anthropic-version": API_VERSION}},
            stream=True,
            stream_cls=anthropic.AsyncStream[object],
        )
        async with stream as results, aclosing(lines_of(results.response.aiter_bytes())) as lines:
            async for line in lines:
                yield line

    async def _get(self, path: str, endpoint: str | None) -> bytes:
        answer = await self._client_at(endpoint).get(
            _BATCHES + path, cast_to=httpx2.Response, options={"headers": {"anthropic-version": API_VERSION}}
        )
        return answer.content

    async def _post(
        self, path: str, endpoint: str | None, body: bytes | None = None, *, headers: Mapping[str, str] | None = None
    ) -> RemoteBatch:
        with translated(NAME):
            answer = await self._client_at(endpoint).post(
                _BATCHES + path,
                cast_to=httpx2.Response,
                content=body,
                options={
                    "headers": {
                        "anthropic-version": API_VERSION,
                        "content-type": "application/json",
                        **(headers or {}),
                    }
                },
            )
            return Batch.model_validate_json(answer.content).remote(endpoint=endpoint)
