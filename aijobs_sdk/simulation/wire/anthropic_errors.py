"""What Anthropic says when it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aijobs_sdk.providers.failures import OVERLOADED
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import Json

SPEND_LIMIT = "enforced_spend_limit_reached"
"""The code beside the kind of an error that marks a limit that does not come back within the minute."""
NO_THREADS = "thread_unsupported_request"
"""The one by which the vendor's library learns to send all messages itself."""
_KINDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.PAYMENT_REQUIRED: "billing_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_MESSAGES: Mapping[str, str] = {
    FaultKind.QUOTA_EXHAUSTED: f"The monthly limit of API usage is spent ({SPEND_LIMIT}). Waiting does not help.",
    FaultKind.CONTENT_FILTER: "Output blocked by content filtering policy",
    FaultKind.CONTEXT_TOO_LONG: "prompt is too long: it does not fit into the context window of this model",
    "invalid_request_error": "The request was not accepted.",
    "authentication_error": "invalid x-api-key",
    "billing_error": "There is a problem with the billing of this account.",
    "permission_error": "This API key may not use the requested resource.",
    "not_found_error": "Not found",
    "request_too_large": "Request exceeds the maximum size",
    "rate_limit_error": "This request would exceed the rate limit of your organization.",
    "timeout_error": "The request took too long to process.",
    "api_error": "Internal server error",
    "overloaded_error": "Overloaded",
}


def refusal(call: Call, refused: Refused) -> Json:
    """Return the body that refuses a request."""
    message = "x-api-key header is required" if refused.code == "invalid_api_key" else refused.message
    error_code = NO_THREADS if refused.code == NO_THREADS else None
    return error_body(_kind_of(refused.status), message, call.request_id, error_code)


def failure(call: Call, fault: Fault) -> Json:
    """Return the body that tells of a fault."""
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    error_code = SPEND_LIMIT if fault.kind is FaultKind.QUOTA_EXHAUSTED else None
    message = _MESSAGES.get(str(fault.kind)) or _MESSAGES[_kind_of(status)]
    return error_body(_kind_of(status), message, call.request_id, error_code)


def error_body(kind: str, message: str, request_id: str, error_code: str | None = None) -> Json:
    """Return the body of an error."""
    error: Json = {"type": kind, "message": message}
    if error_code is not None:
        error["details"] = {"error_code": error_code}
    return {"type": "error", "error": error, "request_id": f"req_{request_id}"}


def _kind_of(status: int) -> str:
    usual = "api_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return _KINDS.get(status, usual)
