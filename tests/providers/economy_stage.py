"""The providers that take batches, each in a world of its own: over the wire, and without."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Literal, TypeVar
from uuid import UUID

from aijobs_sdk.contract.economy import BatchAnswer, BatchIntent, BatchOutcome, BatchProvider, RemoteBatch
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, GenerationRequest, TextChunk
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.providers import simulated_providers

T = TypeVar("T")
MODELS = {"openai": "gpt-5.2", "anthropic": "claude-sonnet-4.5"}
POLL_SECONDS = 300.0


class Stage:
    """A provider that takes batches."""

    def __init__(self, provider: str, fidelity: Literal["direct", "wire"], *, profile: str = "typical") -> None:
        self.name = provider
        self.sim = Mock(seed=7, profile=profile, virtual=True, fidelity=fidelity)
        self.table = ModelTable.load()
        self.provider = self.new_provider()

    def new_provider(self) -> BatchProvider:
        """Return a provider as a new process has it, in the same world."""
        provider = simulated_providers(self.sim, self.table).ready[self.name]
        assert isinstance(provider, BatchProvider)
        return provider

    def request(self, number: int, **changes: object) -> GenerationRequest:
        """Return one of many different requests."""
        model = self.table.get(MODELS[self.name]).via(self.name)
        asked = {
            "model": model.name,
            "model_id": model.route.model_id,
            "endpoint": model.route.endpoint,
            "prompt": f"Write a haiku about river {number}",
            "tenant_id": UUID(int=1),
            "job_id": UUID(int=number),
            "attempt": 1,
            "idempotency_token": f"step-{number}",
            "draw_key": f"job-{number}",
        }
        return GenerationRequest.model_validate(asked | changes)

    def requests(self, count: int) -> list[GenerationRequest]:
        """Return so many of them."""
        return [self.request(number) for number in range(1, count + 1)]

    def run(self, play: Callable[[], Awaitable[T]]) -> T:
        """Return what the coroutine returns, in virtual time."""

        async def main() -> T:
            try:
                return await play()
            finally:
                await self.provider.aclose()

        with asyncio.Runner(loop_factory=self.sim.new_loop) as runner:
            return runner.run(main())

    def all_of(self, requests: Sequence[GenerationRequest]) -> Mapping[UUID, BatchOutcome]:
        """Return what the requests come to in one batch, in the order in which that is told."""

        async def play() -> Mapping[UUID, BatchOutcome]:
            batch = await self.over(await self.provider.submit_batch(requests, token="one"))
            return await self.results(batch, requests)

        return self.run(play)

    async def over(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch once it is over."""
        while not batch.state.is_final:
            await self.sim.clock.sleep(POLL_SECONDS)
            batch = await self.provider.batch_status(batch)
        return batch

    async def results(self, batch: RemoteBatch, requests: Sequence[GenerationRequest]) -> Mapping[UUID, BatchOutcome]:
        """Return what became of the requests, each of which is told once."""
        asked = {request.job_id: request for request in requests}
        async with aclosing(self.provider.batch_results(batch, asked)) as rows:
            told = [row async for row in rows]
        assert len(told) == len({row.job_id for row in told})
        return dict(told)

    def intent(self, token: str, *, size: int, after: timedelta = timedelta()) -> BatchIntent:
        """Return the intent to send a batch, written down so long after the world began."""
        written_at = self.sim.began_at + after
        return BatchIntent(token=token, size=size, endpoint=self.request(1).endpoint, written_at=written_at)

    async def found(self, intent: BatchIntent, provider: BatchProvider) -> RemoteBatch | None:
        """Return the batch that was made of an intent, asked for until that can be told."""
        while True:
            try:
                return await provider.find_batch(intent)
            except ProviderError as error:
                if error.code != "batch_not_sure":
                    raise
                await self.sim.clock.sleep(error.retry_after_seconds or 0)

    async def alone(self, request: GenerationRequest) -> BatchAnswer:
        """Return what a single call is answered."""
        text: list[str] = []
        async with aclosing(self.provider.stream(request)) as chunks:
            async for chunk in chunks:
                match chunk:
                    case TextChunk():
                        text.append(chunk.text)
                    case Finished():
                        finished = chunk
        return BatchAnswer(text="".join(text), finished=finished)
