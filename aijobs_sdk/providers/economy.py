"""What the vendors' own batches take and cost, and how requests are cut into batches that they take."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncGenerator, Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pydantic import Field

from aijobs_sdk.contract.economy import BatchLimits, BatchProvider, BatchRow
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.failures import Failure
from aijobs_sdk.providers.prices import Usd

ENVELOPE_BYTES = 1_000
"""What stands around the requests of a batch, at most."""
TOO_LARGE = Failure(
    code="too_large_for_a_batch",
    category=ErrorCategory.VALIDATION,
    happened="was not asked",
    reason="the request alone is larger than a batch may be",
    advice="Shorten it, or ask without `economy`.",
    retryable=False,
)


class BatchTerms(BatchLimits):
    """What one vendor's batches take and cost."""

    price_factor: Usd = Field(le=1)
    """What a batch costs, as a part of what the same requests cost one by one."""


def batch_terms(provider: str) -> BatchTerms | None:
    """Return the terms of this provider's batches, None where it takes none."""
    return _packaged().get(provider)


def limits_of(provider: str) -> BatchLimits:
    """Return the most that a batch at this provider holds, which takes batches."""
    return _packaged()[provider]


def price_factor(provider: str) -> Decimal:
    """Return which part of the price is paid for this provider's own batches: 1 where it has none."""
    terms = batch_terms(provider)
    return Decimal(1) if terms is None else terms.price_factor


class Cut(NamedTuple):
    """One batch, and what was left out on the way to it."""

    requests: tuple[GenerationRequest, ...]
    """Empty where what was left out is all there is."""
    refused: tuple[BatchRow, ...]
    """Requests that cannot be sent in any batch, with the reason."""


async def cut_into_batches(
    requests: Iterable[GenerationRequest], provider: BatchProvider, *, limits: BatchLimits | None = None
) -> AsyncGenerator[Cut]:
    """Yield the requests in batches that keep within both limits, in order; one that can be in none stops no other.

    No more of them are held than one batch has. `limits` are the provider's own unless others, below those, are given:
    sending a batch takes some three times its bytes of memory.
    """
    limits = limits or provider.batch_limits
    room = limits.max_bytes - ENVELOPE_BYTES
    kept: list[GenerationRequest] = []
    refused: list[BatchRow] = []
    kept_bytes = 0
    for request in requests:
        size = await _size(request, provider, room)
        if isinstance(size, ProviderError):
            refused.append(BatchRow(request.job_id, size))
            continue
        if len(kept) == limits.max_requests or (kept and kept_bytes + size > room):
            yield Cut(tuple(kept), tuple(refused))
            kept, refused, kept_bytes = [], [], 0
        kept.append(request)
        kept_bytes += size
    if kept or refused:
        yield Cut(tuple(kept), tuple(refused))


async def _size(request: GenerationRequest, provider: BatchProvider, room: int) -> int | ProviderError:
    try:
        size = await provider.batch_bytes(request)
    except ProviderError as error:
        return error
    return size if size <= room else TOO_LARGE.error(provider.name)


@cache
def _packaged() -> Mapping[str, BatchTerms]:
    data = tomllib.loads(files(__package__).joinpath("economy.toml").read_text("utf-8"))
    return {provider: BatchTerms.model_validate(terms) for provider, terms in data.items()}
