"""A provider with a limit: so many calls a second, so many saved up; it says so with its answers, or it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import (
    Allowance,
    Allowances,
    Finished,
    GenerationChunk,
    GenerationRequest,
    TextChunk,
)


class QuotaProvider:
    """Refuses what is above its limit at once, and answers the rest after a while."""

    def __init__(self, *, per_second: float, burst: int, seconds: float = 0.3, says: int | None) -> None:
        self.name = "openai"
        self.refused_at: list[float] = []
        self.taken_at: list[float] = []
        self._per_second = per_second
        self._burst = burst
        self._seconds = seconds
        self._says = says
        """The limit that it tells of; None: it tells nothing."""
        self._left = float(burst)
        self._at = 0.0

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield an answer.

        Raises:
            ProviderError: the limit is used up.
        """
        now = asyncio.get_running_loop().time()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            self.refused_at.append(now)
            raise self._refusal()
        self._left -= 1
        self.taken_at.append(now)
        said = self._said()
        await asyncio.sleep(self._seconds)
        yield TextChunk(text=f"An answer to {request.prompt}")
        yield Finished(finish_reason="stop", input_tokens=10, output_tokens=10, allowances=said)

    async def aclose(self) -> None:
        """Do nothing."""

    def _said(self) -> Allowances | None:
        if self._says is None:
            return None
        reset_seconds = (self._burst - self._left) / self._per_second
        return Allowances(requests=Allowance(limit=self._says, remaining=int(self._left), reset_seconds=reset_seconds))

    def _refusal(self) -> ProviderError:
        return ProviderError(
            "openai answered 429.",
            code="rate_limited",
            category=ErrorCategory.RATE_LIMIT,
            provider=self.name,
            retryable=True,
            retry_after_seconds=None if self._says is None else 1.0,
            allowances=self._said(),
        )
