"""What OpenAI says when it does not answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.exchange import Headers, Json


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> Json:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


Words = tuple[str, str, str | None]
WORDS: Mapping[FaultKind | None, Words] = {
    FaultKind.QUOTA_EXHAUSTED: (
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
    ),
    FaultKind.CONTEXT_TOO_LONG: (
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "invalid_request_error",
        "context_length_exceeded",
    ),
    FaultKind.CONTENT_FILTER: (
        "Your request was rejected as a result of our safety system.",
        "invalid_request_error",
        "content_policy_violation",
    ),
}


def words_of(status: int) -> Words:
    """Return message, type and code that go with a status."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"
        case HTTPStatus.FORBIDDEN:
            return "You do not have access to this resource.", "invalid_request_error", None
        case HTTPStatus.NOT_FOUND:
            return "The requested resource does not exist.", "invalid_request_error", "not_found"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded"
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return "The request was not accepted.", "invalid_request_error", None
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return "The engine is currently overloaded, please try again later.", "server_error", None
        case _:
            return "The server had an error while processing your request.", "server_error", None


def retry_after(fault: Fault) -> Headers:
    """Return the headers that ask to wait, none where nobody does."""
    seconds = fault.retry_after_seconds
    if seconds is None:
        return {}
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}
