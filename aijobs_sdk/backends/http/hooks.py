"""Who listens to what goes over the wire: facts without keys, prompts or other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of

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

    def __post_init__(self) -> None:
        for name in ("request", "response", "retry", "event"):
            _check_functions(name, getattr(self, name))
        if self.tracer_provider is not None and not hasattr(self.tracer_provider, "get_tracer"):
            raise bad_argument(
                "tracer_provider", f"must be a `TracerProvider` of OpenTelemetry, got {shape_of(self.tracer_provider)}"
            )


def _check_functions(name: str, given: object) -> None:
    if not isinstance(given, Sequence) or not all(map(callable, given)):
        raise bad_argument(name, f"must be a list of functions, got {shape_of(given)}")
