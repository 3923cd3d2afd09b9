"""Pictures without a wire: the bytes, the seconds and the faults of the simulated Images API."""

from __future__ import annotations

import asyncio

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.provider import Finished, GenerationRequest, ImageRequest, Picture
from aijobs_sdk.providers.failures import FILTERED, RESET, Failure
from aijobs_sdk.providers.pictures import picture_figures
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import Fault, FaultKind

_generation_request = unchecked(GenerationRequest)
_BREAKING_OFF = frozenset({FaultKind.TRUNCATE, FaultKind.ERROR_EVENT, FaultKind.MALFORMED_EVENT})
"""Faults of streams: a picture comes in one body, of which the connection breaks."""


async def draw(request: ImageRequest, *, simulation: Simulation, clock: Clock, provider: str) -> Picture:
    """Return the picture when the simulation has decided that it is due.

    Raises:
        ProviderError: the simulation decided so, or the library that draws is not installed.
    """
    started_at = clock.now()
    seconds = simulation.seconds_at(started_at)
    asked = _as_generation(request)
    left, refused = simulation.admit(asked, seconds)
    plan = refused or simulation.plan(asked, at_seconds=seconds, provider=provider)
    number = simulation.record(asked, plan, at_seconds=seconds, provider=provider, notices_truncation=True)
    read_to_end = False
    try:
        # Drawn while the call lasts: on a machine with little to do it takes none of the job's time.
        data = await asyncio.to_thread(_paint, request, simulation) if isinstance(plan.ending, Finished) else b""
        await clock.sleep(max(0.0, plan.ends_at_seconds - (clock.now() - started_at).total_seconds()))
        read_to_end = True
    finally:
        simulation.close(number, read_to_end=read_to_end)
    if isinstance(plan.ending, Fault):
        raise _as_of_a_picture(plan.ending).error(provider, left.said())
    return Picture(
        data=data,
        media_type="image/png",
        input_tokens=plan.ending.input_tokens,
        output_tokens=_output_tokens(request),
        served_model=request.model_id or None,
    )


def _as_generation(request: ImageRequest) -> GenerationRequest:
    """Return the request as the simulation knows requests: what it decides hangs on the same words and keys."""
    return _generation_request(
        model=request.model,
        model_id=request.model_id,
        region=request.region,
        endpoint=request.endpoint,
        prompt=request.prompt,
        tenant_id=request.tenant_id,
        job_id=request.job_id,
        attempt=request.attempt,
        idempotency_token=request.idempotency_token,
        draw_key=request.draw_key,
    )


def _paint(request: ImageRequest, simulation: Simulation) -> bytes:
    try:
        from aijobs_sdk.simulation.picture import draw_picture  # noqa: PLC0415 - Pillow is an extra
    except ImportError:  # of Pillow, or, since Python 3.13, of a module that another thread has just failed to load
        raise _cannot_draw() from None
    width, height = map(int, request.size.split("x"))
    return draw_picture(request.prompt, simulation.draws_of_job(request.draw_key, "image/0"), width, height)


def _output_tokens(request: ImageRequest) -> int:
    by_size = picture_figures(request.model).output_tokens[request.quality]
    return next((tokens for size, tokens in by_size.items() if size == request.size), max(by_size.values()))


def _as_of_a_picture(fault: Fault) -> Failure:
    if fault.kind is FaultKind.REFUSAL:  # a model that draws says nothing: what declines is the filter before it
        return FILTERED
    return RESET if fault.kind in _BREAKING_OFF else fault


def _cannot_draw() -> ProviderError:
    return ProviderError(
        "Simulated pictures are drawn by Pillow, which is not installed: pip install 'aijobs-sdk[images]'. "
        "Texts need nothing.",
        code="provider_not_configured",
        category=ErrorCategory.DEPENDENCY,
        provider="simulation",
        retryable=False,
    )
