"""What a provider says when it does not answer, for every kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from aijobs_sdk.contract.error_info import ErrorCategory, FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.shapes import nearest

OVERLOADED = 529
"""Anthropic's status for an overload; no standard names it."""

_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)


class FaultKind(StrEnum):
    """The faults that have a name; any HTTP error status is one as well."""

    AUTH = "auth"
    CONNECT_ERROR = "connect_error"
    CONTENT_FILTER = "content_filter"
    CONTEXT_TOO_LONG = "context_too_long"
    ERROR_EVENT = "error_event"
    MALFORMED_EVENT = "malformed_event"
    OVERLOADED = "overloaded"
    QUOTA_EXHAUSTED = "quota_exhausted"
    REFUSAL = "refusal"
    """The model declines, where a filter does at `CONTENT_FILTER`: over HTTP that is a good answer."""
    RESET = "reset"
    STALL = "stall"
    TIMEOUT = "timeout"
    TRUNCATE = "truncate"


class Quirk(StrEnum):
    """Ways to answer that a careful caller survives."""

    BAD_TOOL_ARGS = "bad_tool_args"
    """A tool is called with arguments that are no JSON or, where they are sent as an object, do not fit."""
    DUPLICATE_EVENT = "duplicate_event"
    """An event of the stream comes twice in a row."""
    MAX_TOKENS = "max_tokens"
    """The answer is cut off by the limit of its length, whatever the caller allowed."""
    SLOW_LORIS = "slow_loris"
    """The answer never stops coming, and takes for ever."""
    SPLIT_UTF8 = "split_utf8"
    """Network packets end in the middle of events and of characters."""
    UNKNOWN_TOOL = "unknown_tool"
    """A tool is called that was not offered."""


class Fault(Fact):
    """How a call fails, whoever the provider is."""

    kind: FaultKind | None = None
    """Its name; None for an HTTP status that has none."""
    status: int | None = None
    """The HTTP status that the provider answers with; None where there is no answer, or a good one until it fails."""
    code: str
    category: ErrorCategory
    happened: str
    """Follows the provider's name: `answered 503`."""
    reason: str
    advice: str
    retryable: bool
    retry_after_seconds: float | None = None
    is_mid_answer: bool = False
    """Shows in the middle of the answer, unless told otherwise; the rest show before it begins."""
    is_silent: bool = False
    """The stream just stops: no end marker and no error, as the vendors' own libraries show a truncated answer."""

    def error(self, provider: str) -> ProviderError:
        """Return the error an adapter of this provider raises."""
        wait = "" if self.retry_after_seconds is None else f"; retry after {self.retry_after_seconds:g} s"
        return ProviderError(
            f"{provider} {self.happened} ({self.reason}{wait}). {self.advice}",
            code=self.code,
            category=self.category,
            provider=provider,
            retryable=self.retryable,
            retry_after_seconds=self.retry_after_seconds,
        )


def status_fault(status: int) -> Fault:
    """Return what an HTTP status means when a provider answers with it.

    Raises:
        InvalidRequestError: the status is no error, 400 to 599.
    """
    happened = f"answered {status}"
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Fault(
                status=status,
                code="invalid_api_key",
                category=ErrorCategory.AUTHENTICATION,
                happened=happened,
                reason="invalid API key",
                advice="Check the key of this provider.",
                retryable=False,
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Fault(
                status=status,
                code="rate_limited",
                category=ErrorCategory.RATE_LIMIT,
                happened=happened,
                reason="rate limit",
                advice="Send fewer requests at a time.",
                retryable=True,
            )
        case _ if status in _CLIENT_ERRORS:
            return Fault(
                status=status,
                code="bad_request",
                category=ErrorCategory.VALIDATION,
                happened=happened,
                reason=_phrase(status),
                advice="Change the request; the same one will be refused again.",
                retryable=False,
            )
        case _ if status in _SERVER_ERRORS:
            return Fault(
                status=status,
                code="provider_unavailable",
                category=ErrorCategory.PROVIDER,
                happened=happened,
                reason=_phrase(status),
                advice="Try again later.",
                retryable=True,
            )
        case _:
            raise _unknown(status)


def named_fault(name: str) -> Fault:
    """Return the fault of this name, one of `FaultKind`.

    Raises:
        InvalidRequestError: there is none; the message names the nearest, or all there are.
    """
    try:
        kind = FaultKind(name)
    except ValueError:
        raise _unknown(name) from None
    return _NAMED[kind].replace(kind=kind)


def _phrase(status: int) -> str:
    if status == OVERLOADED:
        return "overloaded"
    return HTTPStatus(status).phrase.lower() if status in list(HTTPStatus) else "error"


def _unknown(wanted: int | str) -> InvalidRequestError:
    hint = nearest(str(wanted), [*FaultKind, *Quirk])
    return InvalidRequestError(
        f"Unknown fault {str(wanted)!r}.{hint} Every HTTP status from 400 to 599 is a fault as well.",
        code="unknown_fault",
        fields=[FieldProblem(field="status_or_kind", problem=f"is no fault.{hint}")],
    )


_NAMED: Mapping[FaultKind, Fault] = {
    FaultKind.AUTH: status_fault(HTTPStatus.UNAUTHORIZED),
    FaultKind.OVERLOADED: status_fault(OVERLOADED),
    FaultKind.TIMEOUT: Fault(
        code="provider_timeout",
        category=ErrorCategory.TIMEOUT,
        happened="stopped answering",
        reason="time-out",
        advice="Try again, or allow the call more time.",
        retryable=True,
    ),
    FaultKind.TRUNCATE: Fault(
        code="stream_truncated",
        category=ErrorCategory.PROVIDER,
        happened="ended its answer early",
        reason="no end marker",
        advice="Try again.",
        retryable=True,
        is_mid_answer=True,
        is_silent=True,
    ),
    FaultKind.RESET: Fault(
        code="connection_reset",
        category=ErrorCategory.PROVIDER,
        happened="closed the connection",
        reason="before the end of the answer",
        advice="Try again.",
        retryable=True,
        is_mid_answer=True,
    ),
    FaultKind.STALL: Fault(
        code="provider_timeout",
        category=ErrorCategory.TIMEOUT,
        happened="fell silent",
        reason="in the middle of its answer",
        advice="Try again, or allow the call more time.",
        retryable=True,
        is_mid_answer=True,
    ),
    FaultKind.CONNECT_ERROR: Fault(
        code="connection_failed",
        category=ErrorCategory.PROVIDER,
        happened="could not be reached",
        reason="connection refused",
        advice="Try again; check the network if it stays so.",
        retryable=True,
    ),
    FaultKind.ERROR_EVENT: Fault(
        code="provider_unavailable",
        category=ErrorCategory.PROVIDER,
        happened="reported an error",
        reason="in the middle of its answer",
        advice="Try again later.",
        retryable=True,
        is_mid_answer=True,
    ),
    FaultKind.MALFORMED_EVENT: Fault(
        code="invalid_response",
        category=ErrorCategory.PROVIDER,
        happened="sent something unreadable",
        reason="an event that is no JSON",
        advice="Try again.",
        retryable=True,
        is_mid_answer=True,
    ),
    FaultKind.CONTENT_FILTER: Fault(
        status=400,
        code="content_filtered",
        category=ErrorCategory.CONTENT_FILTER,
        happened="refused to answer",
        reason="content filter",
        advice="Change the prompt; the same one will be refused again.",
        retryable=False,
    ),
    FaultKind.REFUSAL: Fault(
        code="refused",
        category=ErrorCategory.CONTENT_FILTER,
        happened="declined to answer",
        reason="refusal",
        advice="Change the prompt; the same one will be declined again.",
        retryable=False,
    ),
    FaultKind.CONTEXT_TOO_LONG: Fault(
        status=400,
        code="context_too_long",
        category=ErrorCategory.VALIDATION,
        happened="answered 400",
        reason="the prompt is longer than the context window",
        advice="Shorten the prompt, or choose a model with a larger window: `aijobs models`.",
        retryable=False,
    ),
    FaultKind.QUOTA_EXHAUSTED: Fault(
        status=429,
        code="quota_exhausted",
        category=ErrorCategory.QUOTA,
        happened="answered 429",
        reason="quota exhausted",
        advice="Raise the spending limit of the account; waiting does not help.",
        retryable=False,
    ),
}
