"""One call to a provider, for a text or a picture, with its time limit, and sure of its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import (
    Finished,
    GenerationChunk,
    GenerationRequest,
    ImageProvider,
    ImageRequest,
    Picture,
    Provider,
    TokenNeed,
)
from aijobs_sdk.engine.pace.turn import Asker, Place, Size
from aijobs_sdk.engine.provider_guard import ProviderGuard
from aijobs_sdk.engine.wait_limit import WaitLimit


async def call_provider(
    provider: Provider,
    request: GenerationRequest,
    *,
    timeout_seconds: float,
    guard: ProviderGuard,
    region: str = "",
    asker: Asker | None = None,
    need: Callable[[], TokenNeed] | None = None,
) -> AsyncGenerator[GenerationChunk]:
    """Yield the provider's chunks, `Finished` last.

    Raises:
        ProviderError: what the provider said; `provider_timeout` when the call takes longer than allowed;
            `stream_truncated` when the answer ends without its terminal marker.
        CircuitOpenError: it was not asked, because it has failed too often just now.
        ProviderBusyError: it was not asked, because it will not be the call's turn for a while.
    """
    place, asker = Place(provider.name, region, request.model), asker or Asker()
    async with guard.call(place, asker, Size(need)) as call, aclosing(provider.stream(request)) as answer:
        with WaitLimit(timeout_seconds) as limit:  # for the provider: what is done with its words takes its own time
            while not isinstance(chunk := await _next(answer, limit, provider.name), Finished):
                yield chunk
            call.answered(chunk)
            yield chunk


async def _next(answer: AsyncGenerator[GenerationChunk], limit: WaitLimit, provider: str) -> GenerationChunk:
    try:
        return await limit.wait_for(anext(answer))
    except TimeoutError:
        raise _timed_out(provider, limit.seconds) from None
    except StopAsyncIteration:
        raise _truncated(provider) from None


async def call_for_picture(
    provider: Provider,
    request: ImageRequest,
    *,
    timeout_seconds: float,
    guard: ProviderGuard,
    region: str = "",
    asker: Asker | None = None,
) -> Picture:
    """Return the provider's picture.

    Raises:
        ProviderError: what the provider said; `provider_timeout` when the call takes longer than allowed;
            `unsupported` where the provider draws nothing.
        CircuitOpenError, ProviderBusyError: it was not asked, as of `call_provider()`.
    """
    if not isinstance(provider, ImageProvider):
        raise unsupported(provider.name, "draws no pictures. Choose a model that does: `aijobs models`.")
    async with guard.call(Place(provider.name, region, request.model), asker or Asker(), Size()) as call:
        try:
            async with asyncio.timeout(timeout_seconds):
                picture = await provider.draw(request)
        except TimeoutError:
            raise _timed_out(provider.name, timeout_seconds) from None
        call.answered()
        return picture


def _timed_out(provider: str, seconds: float) -> ProviderError:
    return ProviderError(
        f"{provider} did not finish within {seconds:g} s.",
        code="provider_timeout",
        category=ErrorCategory.TIMEOUT,
        provider=provider,
        retryable=True,
    )


def _truncated(provider: str) -> ProviderError:
    return ProviderError(
        f"{provider} ended its stream before the answer was complete.",
        code="stream_truncated",
        category=ErrorCategory.PROVIDER,
        provider=provider,
        retryable=True,
    )


def unsupported(provider: str, what: str) -> ProviderError:
    """Return the error of a provider that is asked for what it does not do."""
    return ProviderError(
        f"{provider} {what}",
        code="unsupported",
        category=ErrorCategory.VALIDATION,
        provider=provider,
        retryable=False,
    )
