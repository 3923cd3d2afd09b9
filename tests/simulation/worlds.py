"""What the tests of the simulation share: a request, and a way to run a coroutine in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar
from uuid import UUID

from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.simulation.virtual_time import VirtualLoop

T = TypeVar("T")

REQUEST = GenerationRequest(
    model="gpt-5.2",
    prompt="Write a haiku about rivers",
    tenant_id=UUID(int=1),
    job_id=UUID(int=2),
    attempt=1,
    idempotency_token="step",
    draw_key="job",
)


def a_request(**changes: object) -> GenerationRequest:
    return GenerationRequest.model_validate(REQUEST.model_dump() | changes)


def run_virtual(main: Coroutine[object, object, T], *, always: bool = True) -> tuple[T, float]:
    """Return what the coroutine returns and the virtual second it ended at."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(always=always)) as runner:
        result = runner.run(main)
        return result, runner.get_loop().time()
