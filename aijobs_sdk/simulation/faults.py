"""What a provider says when it does not answer, for every kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.providers.failures import (
    BROKEN_OFF,
    CONTEXT_TOO_LONG,
    FILTERED,
    OVERLOADED,
    QUOTA_EXHAUSTED,
    REFUSED,
    RESET,
    TIMED_OUT,
    TRUNCATED,
    UNREACHABLE,
    UNREADABLE,
    Failure,
    status_failure,
)

_ERRORS = range(400, 600)


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


class BatchFault(StrEnum):
    """What goes wrong with a vendor's own batches. A request that is sent by itself never meets it."""

    EXPIRED = "batch_expired"
    """The request is not answered before its batch expires."""
    NO_OUTPUT = "no_output_file"
    """The whole batch ends well, and there is no file of answers; of OpenAI's alone."""
    QUEUE_FULL = "token_limit_exceeded"
    """The whole batch is taken, and then fails before it begins; of OpenAI's alone."""

    def happens_at(self, provider: str) -> bool:
        """Whether batches of this provider can meet it."""
        return self is BatchFault.EXPIRED or provider == "openai"


class Fault(Failure):
    """How a simulated call fails: as a failure that adapters know, and how it shows on the wire."""

    kind: FaultKind | None = None
    """Its name; None for an HTTP status that has none."""
    status: int | None = None
    """The HTTP status that the provider answers with; None where there is no answer, or a good one until it fails."""
    is_mid_answer: bool = False
    """Shows in the middle of the answer, unless told otherwise; the rest show before it begins."""
    is_silent: bool = False
    """The stream just stops: no end marker and no error, as the vendors' own libraries show a truncated answer."""


def status_fault(status: int) -> Fault:
    """Return what an HTTP status means when a provider answers with it.

    Raises:
        InvalidRequestError: the status is no error, 400 to 599.
    """
    if status not in _ERRORS:
        raise _unknown(status)
    return _fault(status_failure(status), status=status)


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


def _fault(
    failure: Failure, *, status: int | None = None, is_mid_answer: bool = False, is_silent: bool = False
) -> Fault:
    return Fault(**dict(failure), status=status, is_mid_answer=is_mid_answer, is_silent=is_silent)


def _unknown(wanted: int | str) -> InvalidRequestError:
    hint = nearest(str(wanted), [*FaultKind, *Quirk, *BatchFault])
    return InvalidRequestError(
        f"Unknown fault {str(wanted)!r}.{hint} Every HTTP status from 400 to 599 is a fault as well.",
        code="unknown_fault",
        fields=[FieldProblem(field="status_or_kind", problem=f"is no fault.{hint}")],
    )


_NAMED: Mapping[FaultKind, Fault] = {
    FaultKind.AUTH: status_fault(HTTPStatus.UNAUTHORIZED),
    FaultKind.OVERLOADED: status_fault(OVERLOADED),
    FaultKind.TIMEOUT: _fault(TIMED_OUT),
    FaultKind.TRUNCATE: _fault(TRUNCATED, is_mid_answer=True, is_silent=True),
    FaultKind.RESET: _fault(RESET, is_mid_answer=True),
    FaultKind.STALL: _fault(
        TIMED_OUT.replace(happened="fell silent", reason="in the middle of its answer"), is_mid_answer=True
    ),
    FaultKind.CONNECT_ERROR: _fault(UNREACHABLE),
    FaultKind.ERROR_EVENT: _fault(BROKEN_OFF, is_mid_answer=True),
    FaultKind.MALFORMED_EVENT: _fault(UNREADABLE, is_mid_answer=True),
    FaultKind.CONTENT_FILTER: _fault(FILTERED, status=HTTPStatus.BAD_REQUEST),
    FaultKind.REFUSAL: _fault(REFUSED),
    FaultKind.CONTEXT_TOO_LONG: _fault(CONTEXT_TOO_LONG, status=HTTPStatus.BAD_REQUEST),
    FaultKind.QUOTA_EXHAUSTED: _fault(QUOTA_EXHAUSTED, status=HTTPStatus.TOO_MANY_REQUESTS),
}
