"""What Google says when it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import JsonValue

from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.calls import Call
from aijobs_sdk.simulation.wire.exchange import Json
from aijobs_sdk.simulation.wire.google_reading import is_vertex


def error_body(status: int, message: str, details: list[JsonValue]) -> Json:
    """Return the body of an error."""
    error: Json = {"code": status, "message": message, "status": _status_name(status)}
    if details:
        error["details"] = details
    return {"error": error}


_STATUS_NAMES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.CONFLICT: "ABORTED",
    HTTPStatus.TOO_MANY_REQUESTS: "RESOURCE_EXHAUSTED",
    HTTPStatus.NOT_IMPLEMENTED: "UNIMPLEMENTED",
    HTTPStatus.BAD_GATEWAY: "UNAVAILABLE",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
    HTTPStatus.GATEWAY_TIMEOUT: "DEADLINE_EXCEEDED",
}
MESSAGES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "Request contains an invalid argument.",
    HTTPStatus.UNAUTHORIZED: "Request had invalid authentication credentials.",
    HTTPStatus.FORBIDDEN: "The caller does not have permission.",
    HTTPStatus.NOT_FOUND: "Requested entity was not found.",
    HTTPStatus.TOO_MANY_REQUESTS: "You exceeded your current quota.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model is overloaded. Please try again later.",
    HTTPStatus.GATEWAY_TIMEOUT: "Deadline expired before the answer was complete.",
}


def _status_name(status: int) -> str:
    usual = "FAILED_PRECONDITION" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "INTERNAL"
    return _STATUS_NAMES.get(status, usual)


def message_of(call: Call, fault: Fault, status: int) -> str:
    """Return what is said about a fault."""
    if fault.kind is FaultKind.CONTEXT_TOO_LONG:
        limit = call.model(call.params["model"]).context_window
        return f"The input token count exceeds the maximum number of tokens allowed ({limit})."
    message = MESSAGES.get(status, "An internal error has occurred.")
    wait = fault.retry_after_seconds
    return message if wait is None else f"{message} Please retry in {wait:g}s."


def details_of(call: Call, fault: Fault, status: int) -> list[JsonValue]:
    """Return what goes with it, for programs to read."""
    details: list[JsonValue] = []
    if status == HTTPStatus.UNAUTHORIZED:
        reason = "ACCESS_TOKEN_TYPE_UNSUPPORTED" if is_vertex(call) else "API_KEY_INVALID"
        details.append(_detail("ErrorInfo", reason=reason, domain="googleapis.com", metadata={"service": _host(call)}))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        details.append(_detail("QuotaFailure", violations=[_violation(call, fault)]))
    if fault.retry_after_seconds is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{fault.retry_after_seconds:g}s"))
    return details


def _violation(call: Call, fault: Fault) -> Json:
    period = "Day" if fault.kind is FaultKind.QUOTA_EXHAUSTED else "Minute"
    return {
        "quotaMetric": f"{_host(call)}/generate_content_requests",
        "quotaId": f"GenerateRequestsPer{period}PerProjectPerModel",
        "quotaDimensions": {"location": "global", "model": call.params["model"]},
    }


def bad_request(field: str, problem: str) -> Json:
    """Return which field is at fault."""
    return _detail("BadRequest", fieldViolations=[{"field": field, "description": problem}])


def _detail(kind: str, **fields: JsonValue) -> Json:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def _host(call: Call) -> str:
    return "aiplatform.googleapis.com" if is_vertex(call) else "generativelanguage.googleapis.com"
