"""Who listens to what goes over the wire: facts without keys, prompts or other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


@dataclass(frozen=True, slots=True)
class RequestSent:
    """An attempt begins."""

    method: str
    path: str
    """With `{}` in the place of ids and names."""
    job_id: UUID | None
    attempt: int
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A server answered an attempt."""

    method: str
    path: str
    job_id: UUID | None
    attempt: int
    status: int
    seconds: float
    request_id: str | None
    """What the server's own log calls the request."""


@dataclass(frozen=True, slots=True)
class RetryPlanned:
    """An attempt came to nothing, and another will follow."""

    method: str
    path: str
    job_id: UUID | None
    attempt: int
    reason: str
    pause_seconds: float


@dataclass(frozen=True, slots=True)
class HttpHooks:
    """Functions that are told what happens, on the loop that asks: return at once, and do not raise."""

    request: Sequence[Callable[[RequestSent], object]] = ()
    response: Sequence[Callable[[ResponseReceived], object]] = ()
    retry: Sequence[Callable[[RetryPlanned], object]] = ()
    event: Sequence[Callable[[JobEvent], object]] = ()
    """Told of each event just before whoever follows the job gets it; a delta holds a piece of the answer."""
    tracer_provider: TracerProvider | None = None
    """Where a span of each call goes; None: there are none. Needs opentelemetry-api."""
