"""What a backend says to many requests, asked in parts that a server takes: documents are larger than questions."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

from pydantic_core import to_json

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError, RequestTooLargeError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import JobRequest

T = TypeVar("T")

PART_BYTES = 4 * 2**20
"""So much is asked at once: half of what a server takes as it comes, for those before which something takes less."""


async def refusals_in_parts(requests: Sequence[JobRequest], backend: Backend) -> dict[int, InvalidRequestError]:
    """Return which of these a backend would refuse, by place, and why; also one that is too large alone."""

    async def refusals(part: Sequence[JobRequest]) -> Mapping[int, InvalidRequestError]:
        try:
            return await backend.refusals(part)
        except RequestTooLargeError as error:
            if len(part) > 1:
                raise
            return {0: _too_large(part[0], error)}

    async with aclosing(_in_parts(requests, refusals)) as parts:
        return {start + place: error async for start, found in parts for place, error in found.items()}


async def estimates_in_parts(requests: Sequence[JobRequest], backend: Backend) -> list[Estimate]:
    """Return what each of these would cost.

    Raises:
        RequestTooLargeError: one of them is too large alone.
    """
    async with aclosing(_in_parts(requests, backend.estimate)) as parts:
        return [estimate async for _, found in parts for estimate in found]


async def _in_parts(
    requests: Sequence[JobRequest], ask: Callable[[Sequence[JobRequest]], Awaitable[T]]
) -> AsyncGenerator[tuple[int, T]]:
    """Yield what is said to each part, with the place of its first; what is too much yet is asked by halves."""
    parts = deque(_parts(requests))
    while parts:
        start, end = parts.popleft()
        try:
            said = await ask(requests[start:end])
        except RequestTooLargeError:
            if end - start == 1:
                raise
            middle = (start + end) // 2
            parts.extendleft([(middle, end), (start, middle)])
        else:
            yield start, said


def _parts(requests: Sequence[JobRequest]) -> Iterator[tuple[int, int]]:
    """Yield from where to where requests have PART_BYTES at most; one that is larger is a part of its own."""
    start = total = 0
    for place, request in enumerate(requests):
        size = _size(request)
        if start < place and total + size > PART_BYTES:
            yield start, place
            start, total = place, 0
        total += size
    if requests:
        yield start, len(requests)


def _size(request: JobRequest) -> int:
    return len(to_json(request.payload, inf_nan_mode="constants"))


def _too_large(request: JobRequest, refusal: RequestTooLargeError) -> RequestTooLargeError:
    size = _size(request)
    return RequestTooLargeError(
        f"it is too large for the server: it has {size:,} bytes as JSON. Shorten it. ({refusal.message})"
    )
