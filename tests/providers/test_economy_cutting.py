"""How requests are cut into batches that a vendor takes, and what those cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.contract.economy import BatchLimits
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.providers.economy import ENVELOPE_BYTES, TOO_LARGE, Cut, batch_terms, cut_into_batches
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.direct_batches import BatchingSimulatedProvider
from aijobs_sdk.simulation.mock import Mock


class Measured(BatchingSimulatedProvider):
    """A provider at which a request takes as many bytes as its prompt says; one that is negative it refuses."""

    async def batch_bytes(self, request: GenerationRequest) -> int:
        size = int(request.prompt)
        if size < 0:
            raise TOO_LARGE.error(self.name)
        return size


def a_request(number: int, size: int) -> GenerationRequest:
    return GenerationRequest(
        model="gpt-5.2",
        prompt=str(size),
        tenant_id=UUID(int=1),
        job_id=UUID(int=number),
        attempt=1,
        idempotency_token="step",
        draw_key="job",
    )


def cut(sizes: Sequence[int], *, max_requests: int, max_bytes: int) -> list[Cut]:
    world = Mock(virtual=True)
    limits = BatchLimits(
        max_requests=max_requests, max_bytes=max_bytes + ENVELOPE_BYTES, source="here", as_of=date(2026, 11, 26)
    )
    provider = Measured("openai", world, world.clock)
    requests = (a_request(number, size) for number, size in enumerate(sizes))

    async def all_cuts() -> list[Cut]:
        return [one async for one in cut_into_batches(requests, provider, limits=limits)]

    return asyncio.run(all_cuts())


def sizes_of(one: Cut) -> list[int]:
    return [int(request.prompt) for request in one.requests]


@given(
    sizes=st.lists(st.integers(min_value=-5, max_value=130), max_size=60),
    max_requests=st.integers(min_value=1, max_value=10),
)
def test_every_batch_keeps_both_limits_and_every_request_is_in_one(sizes: list[int], max_requests: int) -> None:
    cuts = cut(sizes, max_requests=max_requests, max_bytes=100)

    assert all(len(one.requests) <= max_requests and sum(sizes_of(one)) <= 100 for one in cuts)
    assert [size for one in cuts for size in sizes_of(one)] == [size for size in sizes if 0 <= size <= 100]
    refused = {row.job_id.int for one in cuts for row in one.refused}
    assert refused == {number for number, size in enumerate(sizes) if not 0 <= size <= 100}


@given(
    sizes=st.lists(st.integers(min_value=0, max_value=100), max_size=60),
    max_requests=st.integers(min_value=1, max_value=10),
)
def test_no_batch_could_have_taken_the_next_request_as_well(sizes: list[int], max_requests: int) -> None:
    cuts = cut(sizes, max_requests=max_requests, max_bytes=100)

    assert all(
        len(one.requests) == max_requests or sum(sizes_of(one)) + sizes_of(other)[0] > 100
        for one, other in pairwise(cuts)
    )


def test_no_requests_are_no_batch() -> None:
    assert cut([], max_requests=10, max_bytes=100) == []


@pytest.mark.parametrize(("provider", "batches"), [("openai", 3), ("anthropic", 2)])
def test_so_many_rows_are_so_few_batches(provider: str, batches: int) -> None:
    terms = batch_terms(provider)
    assert terms is not None

    cuts = cut([1] * 120_000, max_requests=terms.max_requests, max_bytes=terms.max_bytes)

    assert len(cuts) == batches


@pytest.fixture
def table() -> ModelTable:
    return ModelTable.load()


@pytest.mark.parametrize(
    ("name", "provider", "factor"),
    [
        ("gpt-5.2", "openai", "0.5"),
        ("claude-sonnet-4.5", "anthropic", "0.5"),
        ("claude-sonnet-4.5", "bedrock", "1"),
        ("gemini-3-flash", "vertex", "1"),
    ],
)
def test_a_batch_costs_half_where_the_vendor_takes_any(
    table: ModelTable, name: str, provider: str, factor: str
) -> None:
    model = table.get(name).via(provider)
    one_by_one = model.cost_usd(1000, 333, cached_input_tokens=400)

    assert model.cost_usd(1000, 333, cached_input_tokens=400, economy=True) == one_by_one * Decimal(factor)


def test_credits_of_a_batch_are_rounded_once(table: ModelTable) -> None:
    model = table.get("gpt-5.2")

    # 7 tokens read cost 0.0006125 credits in a batch: half a step is rounded up, as it always is.
    assert EconomyTable.of(table).credits(model, 7, 0) == Decimal("0.000613")


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_terms_have_a_source_and_a_date(provider: str) -> None:
    terms = batch_terms(provider)

    assert terms is not None
    assert terms.source
    assert terms.as_of


@pytest.mark.parametrize("provider", ["bedrock", "vertex"])
def test_who_takes_no_batches_from_us_has_no_terms(provider: str) -> None:
    assert batch_terms(provider) is None
