"""The adapters as the engine calls them, over a simulated network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple, TypeVar
from uuid import UUID

from aijobs_sdk.contract.provider import Finished, GenerationRequest, Provider, TextChunk
from aijobs_sdk.engine.limits import BreakerLimits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.provider_call import call_provider
from aijobs_sdk.engine.provider_guard import ProviderGuard
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.providers import simulated_providers

T = TypeVar("T")

ADAPTERS = {
    "openai": "gpt-5.2",
    "anthropic": "claude-sonnet-4.5",
    "bedrock": "claude-sonnet-4.5",
    "vertex": "gemini-3-flash",
}
"""By provider: a model that it has."""
CALL_SECONDS = 60.0
PROMPT = "Write a haiku about rivers"


class Piece(NamedTuple):
    """A piece of an answer, and the virtual second at which it came."""

    text: str
    at_seconds: float


class Answered(NamedTuple):
    """A whole answer."""

    pieces: list[Piece]
    finished: Finished

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(piece.text for piece in self.pieces)


class Stage:
    """One adapter in a world of its own."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.sim = Mock(seed=7, profile="fast", virtual=True, fidelity="wire")
        self.table = ModelTable.load()
        self.adapter: Provider = simulated_providers(self.sim, self.table).ready[provider]
        self.guard = ProviderGuard(self.sim.clock, BreakerLimits(), Meter())

    def request(self, prompt: str = PROMPT, **changes: object) -> GenerationRequest:
        """Return a request for this adapter's model."""
        model = self.table.get(ADAPTERS[self.provider]).via(self.provider)
        asked = {
            "model": model.name,
            "model_id": model.route.model_id,
            "region": model.route.region,
            "endpoint": model.route.endpoint,
            "prompt": prompt,
            "tenant_id": UUID(int=1),
            "job_id": UUID(int=2),
            "attempt": 1,
            "idempotency_token": "step",
            "draw_key": "job",
        }
        return GenerationRequest.model_validate(asked | changes)

    def run(self, play: Callable[[], Awaitable[T]]) -> T:
        """Return what the coroutine returns, in virtual time; the adapter is closed at the end."""

        async def main() -> T:
            try:
                return await play()
            finally:
                await self.adapter.aclose()

        with asyncio.Runner(loop_factory=self.sim.new_loop) as runner:
            return runner.run(main())

    def ask(self, request: GenerationRequest) -> Answered:
        """Return the answer.

        Raises:
            ProviderError: there was none.
        """
        return self.run(lambda: self.answer(request))

    async def answer(self, request: GenerationRequest) -> Answered:
        """Return the answer, on the running loop."""
        pieces: list[Piece] = []
        loop = asyncio.get_running_loop()
        stream = call_provider(self.adapter, request, timeout_seconds=CALL_SECONDS, guard=self.guard)
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                match chunk:
                    case TextChunk():
                        pieces.append(Piece(chunk.text, loop.time()))
                    case Finished():
                        finished = chunk
        return Answered(pieces, finished)
