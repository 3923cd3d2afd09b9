"""What became of a recorded call, as far as its exchange tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from aijobs_sdk.simulation.faults import Fault, FaultKind, named_fault, status_fault
from aijobs_sdk.simulation.recording.exchange import Ended, Exchange

_END_MARKER = re.compile(
    rb'data: ?\[DONE\]|"message_stop"|"response\.(?:completed|incomplete|failed)"|"image_\w+\.completed"|"finishReason"'
)
_ERROR_EVENT = re.compile(rb'^(?:event: ?error|data: ?\{"(?:type": ?"error|error":))', re.MULTILINE)


def fault_of(exchange: Exchange) -> Fault | None:
    """Return how the call failed; None where it did not, as far as can be seen."""
    match exchange.ended:
        case Ended.REFUSED:
            return named_fault(FaultKind.CONNECT_ERROR)
        case Ended.TIMED_OUT:
            return named_fault(FaultKind.STALL if exchange.chunks else FaultKind.TIMEOUT)
        case Ended.RESET | Ended.LEFT:
            return named_fault(FaultKind.RESET)
        case Ended.WHOLE:
            return _fault_of_answer(exchange)


def has_end_marker(body: bytes) -> bool:
    """Whether a stream of server-sent events has come to the end that its vendor marks."""
    return _END_MARKER.search(body) is not None


def _fault_of_answer(exchange: Exchange) -> Fault | None:
    status = exchange.status or HTTPStatus.OK
    if status >= HTTPStatus.BAD_REQUEST:
        return status_fault(status).replace(retry_after_seconds=_wait(exchange.headers))
    if not exchange.headers.get("content-type", "").startswith("text/event-stream"):
        return None
    if _ERROR_EVENT.search(exchange.body):
        return named_fault(FaultKind.ERROR_EVENT)
    return None if has_end_marker(exchange.body) else named_fault(FaultKind.TRUNCATE)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the provider asked to wait; None where it did not, or named an instant."""
    for name, seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * seconds
        except (KeyError, ValueError):
            continue
    return None
