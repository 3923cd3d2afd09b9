"""OpenAI's Batch API: a file of requests goes in, and within a day two files come out, of answers and of errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import httpx2
from pydantic_core import to_json

from aijobs_sdk.contract.economy import BatchIntent, BatchLimits, BatchRow, RemoteBatch
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.providers.economy_rows import (
    check_batch,
    check_over,
    custom_id,
    earliest_of,
    lines_of,
    mark_of,
    read_rows,
)
from aijobs_sdk.providers.openai.adapter import OpenAI
from aijobs_sdk.providers.openai.batch_answer import Batch, BatchPage, UploadedFile, read_line
from aijobs_sdk.providers.openai.failures import NAME, translated
from aijobs_sdk.providers.openai.request import responses_request

_MARK = "aijobs_batch"
"""The entry of a batch's metadata that holds its mark."""
_PAGE = 100
"""The most batches that are told at once."""


class BatchingOpenAI(OpenAI):
    """OpenAI, asked one by one or in batches."""

    @property
    def batch_limits(self) -> BatchLimits:
        """Return the most that OpenAI takes at once."""
        return limits_of(NAME)

    async def batch_bytes(self, request: GenerationRequest) -> int:
        """Return how long the request's line in the file is."""
        return len(self._line(request, mark_of("")))

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        """Upload the requests as a file, and return the batch that is made of it.

        Raises:
            InvalidRequestError: they cannot be one batch.
            ProviderError: whatever went wrong, translated.
        """
        check_batch(requests)
        endpoint, mark = requests[0].endpoint, mark_of(token)
        lines = await asyncio.to_thread(self._file, requests, mark)  # seconds of work, where there are many thousands
        with translated():
            uploaded = await self._client_at(endpoint).files.with_raw_response.create(
                file=(f"{mark}.jsonl", lines, "application/jsonl"), purpose="batch"
            )
            asked = {
                "input_file_id": UploadedFile.model_validate_json(uploaded.content).id,
                "endpoint": "/v1/responses",
                "completion_window": "24h",
                "metadata": {_MARK: mark},
            }
            return await self._post("/batches", endpoint, asked, idempotency_key=mark)

    async def find_batch(self, intent: BatchIntent) -> RemoteBatch | None:
        """Return the batch whose metadata hold the mark of this intent.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        mark, earliest = mark_of(intent.token), earliest_of(intent)
        with translated():
            async with aclosing(self._newest_first(intent.endpoint)) as batches:
                async for batch in batches:
                    remote = batch.remote(endpoint=intent.endpoint)
                    if (batch.metadata or {}).get(_MARK) == mark:
                        return remote
                    if remote.created_at < earliest:
                        return None
        return None

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch as it is now.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with translated():
            return (await self._batch(batch)).remote(endpoint=batch.endpoint)

    async def batch_results(
        self, batch: RemoteBatch, asked: Mapping[UUID, GenerationRequest]
    ) -> AsyncGenerator[BatchRow]:
        """Yield what became of each request, from both files, either of which may be missing.

        Raises:
            ProviderError: the batch goes on, or the files cannot be read now.
        """
        with translated():
            now = await self._batch(batch)
            over = now.remote(endpoint=batch.endpoint)
            check_over(over)
            async with (
                aclosing(self._lines(now, batch.endpoint)) as lines,
                aclosing(read_rows(lines, over, asked, read_line)) as rows,
            ):
                async for row in rows:
                    yield row

    async def cancel_batch(self, batch: RemoteBatch) -> RemoteBatch:
        """Ask OpenAI to stop; that takes up to ten minutes.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        current = await self.batch_status(batch)
        if current.state.is_final:  # OpenAI would refuse
            return current
        with translated():
            return await self._post(f"/batches/{batch.id}/cancel", batch.endpoint)

    def _file(self, requests: Sequence[GenerationRequest], mark: str) -> bytes:
        return b"".join(self._line(request, mark) for request in requests)

    def _line(self, request: GenerationRequest, mark: str) -> bytes:
        tags = self._network.tags(request)
        line = {
            "custom_id": custom_id(request.job_id, mark),
            "method": "POST",
            "url": "/v1/responses",
            **({"headers": dict(tags)} if tags else {}),  # for a simulated OpenAI alone
            "body": responses_request(request.replace(streamed=False)),
        }
        return to_json(line) + b"\n"

    async def _batch(self, batch: RemoteBatch) -> Batch:
        return Batch.model_validate_json(await self._get(f"/batches/{batch.id}", batch.endpoint))

    async def _newest_first(self, endpoint: str | None) -> AsyncGenerator[Batch]:
        after = ""
        while True:
            page = BatchPage.model_validate_json(await self._get(f"/batches?limit={_PAGE}{after}", endpoint))
            for batch in page.data:
                yield batch
            if not page.has_more or not page.data:
                return
            after = f"&after={page.data[-1].id}"

    async def _lines(self, batch: Batch, endpoint: str | None) -> AsyncGenerator[bytes]:
        files = self._client_at(endpoint).files
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            async with (
                files.with_streaming_response.content(file_id) as body,
                aclosing(lines_of(body.iter_bytes())) as lines,
            ):
                async for line in lines:
                    yield line

    async def _get(self, path: str, endpoint: str | None) -> bytes:
        address = self._base_url(endpoint) + path
        answer = await self._client_at(endpoint).get(address, cast_to=httpx2.Response)
        return answer.content

    async def _post(
        self, path: str, endpoint: str | None, asked: dict[str, Any] | None = None, *, idempotency_key: str = ""
    ) -> RemoteBatch:
        answer = await self._client_at(endpoint).post(
            self._base_url(endpoint) + path,
            cast_to=httpx2.Response,
            body=asked,
            options={"headers": {"Idempotency-Key": idempotency_key}} if idempotency_key else {},
        )
        return Batch.model_validate_json(answer.content).remote(endpoint=endpoint)
