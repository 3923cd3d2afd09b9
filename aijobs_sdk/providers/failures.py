"""What it means that a call failed, whoever the provider is: one vocabulary for adapters and for the simulation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Allowances

_NAME = re.compile(r"[\w.\[\]-]{1,64}")
_LONG_PART = re.compile(r"[\w.-]{16,}")
"""Of what lets us in: shorter ones stand in names by chance, and no vendor's key is."""
_HOLD_KEYS = ("authorization", "x-api-key", "x-amz-security-token")
_TOLD_BY_STATUS = frozenset({"bad_request", "invalid_api_key"})
"""What a status says where nobody tells more."""
OVERLOADED = 529
"""Anthropic's status for an overload; no standard names it."""


class Failure(Fact):
    """One way in which a call fails."""

    code: str
    category: ErrorCategory
    happened: str
    """Follows the provider's name: `answered 503`."""
    reason: str
    advice: str
    retryable: bool
    retry_after_seconds: float | None = None
    overloaded: bool = False
    """Whether the provider has more to do than it can: fewer calls at a time would help."""

    def error(self, provider: str, allowances: Allowances | None = None) -> ProviderError:
        """Return the error that an adapter of this provider raises, with what is left of its limits."""
        wait = "" if self.retry_after_seconds is None else f"; retry after {self.retry_after_seconds:g} s"
        return ProviderError(
            f"{provider} {self.happened} ({self.reason}{wait}). {self.advice}",
            code=self.code,
            category=self.category,
            provider=provider,
            retryable=self.retryable,
            retry_after_seconds=self.retry_after_seconds,
            overloaded=self.overloaded,
            allowances=allowances,
        )


def as_told(failure: Failure, headers: Mapping[str, str]) -> Failure:
    """Return what a failure means where its answer says whether it may be asked again, by `x-should-retry`.

    A header of OpenAI's and Anthropic's own, which their libraries obey. Where a name tells more than the status, such
    as that a quota is exhausted, no header makes that good.
    """
    match headers.get("x-should-retry"):
        case "false" if failure.retryable:
            return failure.replace(retryable=False, advice="It says that to ask again does not help.")
        case "true" if failure.code in _TOLD_BY_STATUS:
            return failure.replace(retryable=True, advice="It says that to ask again may help.")
        case _:
            return failure


def is_name(value: object, sent: Mapping[str, str] | None = None) -> bool:
    """Whether this may be shown of a vendor's error: the name of a code or a field, and no sentence.

    Sentences may quote a prompt, an answer or a key. `sent` are the headers of the request: who refuses a key may echo
    it where a name should stand.
    """
    return isinstance(value, str) and _NAME.fullmatch(value) is not None and not _is_echo(value, sent or {})


def _is_echo(name: str, sent: Mapping[str, str]) -> bool:
    keys = " ".join(sent[header] for header in _HOLD_KEYS if header in sent)
    return name in keys or any(part in name for part in _LONG_PART.findall(keys))


def status_failure(status: int) -> Failure:
    """Return what an HTTP status from 300 on means where the provider says no more."""
    happened = f"answered {status}"
    match status:
        case _ if status < HTTPStatus.BAD_REQUEST:
            return ELSEWHERE.replace(happened=happened)
        case HTTPStatus.PAYMENT_REQUIRED:
            return QUOTA_EXHAUSTED.replace(happened=happened)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Failure(
                code="invalid_api_key",
                category=ErrorCategory.AUTHENTICATION,
                happened=happened,
                reason="invalid API key" if status == HTTPStatus.UNAUTHORIZED else "not allowed with this key",
                advice="Check the key of this provider.",
                retryable=False,
            )
        case HTTPStatus.REQUEST_TIMEOUT:
            return TIMED_OUT.replace(happened=happened)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Failure(
                code="rate_limited",
                category=ErrorCategory.RATE_LIMIT,
                happened=happened,
                reason="rate limit",
                advice="Send fewer requests at a time.",
                retryable=True,
            )
        # A conflict is with another call, such as an attempt that is under way still: vendors' libraries ask again.
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.CONFLICT:
            return Failure(
                code="bad_request",
                category=ErrorCategory.VALIDATION,
                happened=happened,
                reason=_phrase(status),
                advice="Change the request; the same one will be refused again.",
                retryable=False,
            )
        case _:
            return Failure(
                code="provider_unavailable",
                category=ErrorCategory.PROVIDER,
                happened=happened,
                reason=_phrase(status),
                advice="Try again later.",
                retryable=True,
                overloaded=status == OVERLOADED,
            )


def _phrase(status: int) -> str:
    if status == OVERLOADED:
        return "overloaded"
    return HTTPStatus(status).phrase.lower() if status in list(HTTPStatus) else "error"


TIMED_OUT = Failure(
    code="provider_timeout",
    category=ErrorCategory.TIMEOUT,
    happened="stopped answering",
    reason="time-out",
    advice="Try again, or allow the call more time.",
    retryable=True,
)
TRUNCATED = Failure(
    code="stream_truncated",
    category=ErrorCategory.PROVIDER,
    happened="ended its answer early",
    reason="no end marker",
    advice="Try again.",
    retryable=True,
)
RESET = Failure(
    code="connection_reset",
    category=ErrorCategory.PROVIDER,
    happened="closed the connection",
    reason="before the end of the answer",
    advice="Try again.",
    retryable=True,
)
UNREACHABLE = Failure(
    code="connection_failed",
    category=ErrorCategory.PROVIDER,
    happened="could not be reached",
    reason="connection refused",
    advice="Try again; check the network if it stays so.",
    retryable=True,
)
BROKEN_OFF = Failure(
    code="provider_unavailable",
    category=ErrorCategory.PROVIDER,
    happened="reported an error",
    reason="in the middle of its answer",
    advice="Try again later.",
    retryable=True,
)
UNREADABLE = Failure(
    code="invalid_response",
    category=ErrorCategory.PROVIDER,
    happened="sent something unreadable",
    reason="not the JSON that was expected",
    advice="Try again.",
    retryable=True,
)
FILTERED = Failure(
    code="content_filtered",
    category=ErrorCategory.CONTENT_FILTER,
    happened="refused to answer",
    reason="content filter",
    advice="Change the prompt; the same one will be refused again.",
    retryable=False,
)
REFUSED = Failure(
    code="refused",
    category=ErrorCategory.CONTENT_FILTER,
    happened="declined to answer",
    reason="refusal",
    advice="Change the prompt; the same one will be declined again.",
    retryable=False,
)
CONTEXT_TOO_LONG = Failure(
    code="context_too_long",
    category=ErrorCategory.VALIDATION,
    happened="answered 400",
    reason="the prompt is longer than the context window",
    advice="Shorten the prompt, or choose a model with a larger window: `aijobs models`.",
    retryable=False,
)
QUOTA_EXHAUSTED = Failure(
    code="quota_exhausted",
    category=ErrorCategory.QUOTA,
    happened="answered 429",
    reason="quota exhausted",
    advice="Raise the spending limit of the account; waiting does not help.",
    retryable=False,
)
ELSEWHERE = Failure(
    code="bad_request",
    category=ErrorCategory.VALIDATION,
    happened="answered 302",
    reason="it leads elsewhere, and is not followed",
    advice="Check the base URL of this provider: it is probably not that of its API.",
    retryable=False,
)
MODEL_NOT_FOUND = Failure(
    code="model_not_found",
    category=ErrorCategory.VALIDATION,
    happened="answered 404",
    reason="it has no such model, or not for this account or region",
    advice="Choose another model: `aijobs models`, or ask for access to this one.",
    retryable=False,
)
OPEN_SCHEMA = Failure(
    code="unsupported",
    category=ErrorCategory.VALIDATION,
    happened="was not asked",
    reason="it keeps to an output schema only if that names the type and all properties of everything in it",
    advice="Write them into the schema, or choose another model: `aijobs models`.",
    retryable=False,
)
LINKED_IMAGE = Failure(
    code="unsupported",
    category=ErrorCategory.VALIDATION,
    happened="was not asked",
    reason="it fetches no images",
    advice="Send the image itself, as a `data:` URL.",
    retryable=False,
)
BAD_TOOL_CALL = Failure(
    code="invalid_tool_call",
    category=ErrorCategory.PROVIDER,
    happened="called a tool in a way that cannot be used",
    reason="no such tool, or arguments that are no JSON object",
    advice="Try again.",
    retryable=True,
)
CUT_BEFORE_TEXT = Failure(
    code="empty_answer",
    category=ErrorCategory.VALIDATION,
    happened="used up the longest answer without a word of it",
    reason="`max_tokens` or `max_credits` leave too little after the model's reasoning",
    advice="Allow more, or ask for less `reasoning_effort`.",
    retryable=False,
)
INVALID_OUTPUT = Failure(
    code="invalid_output",
    category=ErrorCategory.PROVIDER,
    happened="answered with something else than was asked for",
    reason="not an object in JSON",
    advice="Try again, or ask for less at a time.",
    retryable=True,
)
EMPTY = Failure(
    code="empty_answer",
    category=ErrorCategory.PROVIDER,
    happened="answered with no text",
    reason="nothing to keep",
    advice="Try again.",
    retryable=True,
)
"""A good answer in which nothing stands."""
