"""Providers whose library is loaded, in a thread, when they are first asked: some take more than a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import cast
from uuid import UUID

from aijobs_sdk.contract.economy import BatchIntent, BatchLimits, BatchProvider, BatchRow, RemoteBatch
from aijobs_sdk.contract.provider import (
    GenerationChunk,
    GenerationRequest,
    ImageProvider,
    ImageRequest,
    Picture,
    Provider,
)
from aijobs_sdk.providers.economy import limits_of


class LoadedWhenAsked:
    """A provider that writes texts."""

    def __init__(self, name: str, load: Callable[[], Provider]) -> None:
        self.name = name
        self._load = load
        self._lock = threading.Lock()
        self._provider: Provider | None = None

    def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer."""
        return self._load_and_stream(request) if self._provider is None else self._provider.stream(request)

    async def aclose(self) -> None:
        """Close connections, if any were opened."""
        if self._provider is not None:
            await self._provider.aclose()

    async def _load_and_stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        async with aclosing((await self._loaded()).stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _loaded(self) -> Provider:
        if self._provider is None:
            return await asyncio.to_thread(self._load_once)
        return self._provider

    def _load_once(self) -> Provider:
        with self._lock:
            if self._provider is None:
                self._provider = self._load()
            return self._provider


class AlsoDraws(LoadedWhenAsked):
    """The same for one that draws."""

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture."""
        provider = await self._loaded()
        assert isinstance(provider, ImageProvider)  # noqa: S101 - the registry says so
        return await provider.draw(request)


class AlsoTakesBatches(LoadedWhenAsked):
    """The same for one that takes batches."""

    @property
    def batch_limits(self) -> BatchLimits:
        """Return the most that it takes at once."""
        return limits_of(self.name)

    async def batch_bytes(self, request: GenerationRequest) -> int:
        """Return how many bytes the request takes in a batch."""
        return await (await self._batches()).batch_bytes(request)

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        """Send the requests."""
        return await (await self._batches()).submit_batch(requests, token=token)

    async def find_batch(self, intent: BatchIntent) -> RemoteBatch | None:
        """Return the batch that was made of this intent."""
        return await (await self._batches()).find_batch(intent)

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch as it is now."""
        return await (await self._batches()).batch_status(batch)

    async def batch_results(
        self, batch: RemoteBatch, asked: Mapping[UUID, GenerationRequest]
    ) -> AsyncGenerator[BatchRow]:
        """Yield what became of each request."""
        async with aclosing((await self._batches()).batch_results(batch, asked)) as rows:
            async for row in rows:
                yield row

    async def cancel_batch(self, batch: RemoteBatch) -> RemoteBatch:
        """Ask the vendor to stop."""
        return await (await self._batches()).cancel_batch(batch)

    async def _batches(self) -> BatchProvider:
        # As the registry says; to look at it again for every request takes longer than to write that down.
        return cast("BatchProvider", await self._loaded())


class AlsoDrawsAndTakesBatches(AlsoDraws, AlsoTakesBatches):
    """The same for one that does both."""
