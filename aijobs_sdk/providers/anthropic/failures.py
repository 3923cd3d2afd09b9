"""What it means that Claude does not answer, at Anthropic or on AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import anthropic
import httpx2

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.providers.anthropic.allowances import allowances
from aijobs_sdk.providers.failures import (
    BROKEN_OFF,
    CONTEXT_TOO_LONG,
    FILTERED,
    MODEL_NOT_FOUND,
    OVERLOADED,
    QUOTA_EXHAUSTED,
    TIMED_OUT,
    UNREADABLE,
    Failure,
    as_told,
    is_name,
    status_failure,
)
from aijobs_sdk.providers.retry_after import retry_after_seconds
from aijobs_sdk.providers.transport import transport_failure

_FAILURES: Mapping[str, Failure] = {
    # Anthropic's codes, and below them its types of errors
    "contract_spend_limit_reached": QUOTA_EXHAUSTED,
    "enforced_spend_limit_reached": QUOTA_EXHAUSTED,
    "linked_organization_billing_unavailable": QUOTA_EXHAUSTED,
    "linked_organization_spend_limit_reached": QUOTA_EXHAUSTED,
    "organization_on_hold": status_failure(403),
    "authentication_error": status_failure(401),
    "billing_error": QUOTA_EXHAUSTED,
    "not_found_error": MODEL_NOT_FOUND,
    "overloaded_error": status_failure(OVERLOADED),
    "permission_error": status_failure(403),
    "rate_limit_error": status_failure(429),
    "timeout_error": TIMED_OUT,
    # AWS's
    "AccessDeniedException": status_failure(403),
    "ExpiredTokenException": status_failure(403),
    "InternalServerException": status_failure(500),
    "ModelErrorException": status_failure(500),
    "ModelNotReadyException": status_failure(503),
    "ModelStreamErrorException": BROKEN_OFF,
    "ModelTimeoutException": TIMED_OUT,
    "ResourceNotFoundException": MODEL_NOT_FOUND,
    "ServiceQuotaExceededException": status_failure(429),
    "ServiceUnavailableException": status_failure(503),
    "ThrottlingException": status_failure(429),
    "UnrecognizedClientException": status_failure(401),
    "ValidationException": status_failure(400),
}
"""What the names of errors mean; where one is not listed, the status says it."""
_MESSAGES: Mapping[re.Pattern[str], Failure] = {
    re.compile(r"prompt is too long", re.IGNORECASE): CONTEXT_TOO_LONG,
    re.compile(r"input is too long", re.IGNORECASE): CONTEXT_TOO_LONG,
    re.compile(r"input length and `?max_tokens`? exceed context limit", re.IGNORECASE): CONTEXT_TOO_LONG,
    re.compile(r"output blocked by content filtering", re.IGNORECASE): FILTERED,
    re.compile(r"your credit balance is too low", re.IGNORECASE): QUOTA_EXHAUSTED,
    re.compile(r"you have reached your specified (workspace )?api usage limits", re.IGNORECASE): QUOTA_EXHAUSTED,
    re.compile(r"too many tokens per day", re.IGNORECASE): QUOTA_EXHAUSTED,
    re.compile(r"the provided model identifier is invalid", re.IGNORECASE): MODEL_NOT_FOUND,
}
"""How errors begin that have no name of their own, neither here nor there."""
_ON_BEDROCK = re.compile(r"the model returned the following errors:\s*", re.IGNORECASE)
"""What AWS puts before the words of Anthropic."""


@contextmanager
def translated(provider: str) -> Iterator[None]:
    """Let nothing out but ProviderErrors. What the vendor or pydantic say may quote a prompt, an answer or a key."""
    try:
        yield
    except anthropic.APIStatusError as error:
        raise _refused(error, provider) from None
    except (anthropic.APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise (transport_failure(error) or UNREADABLE).error(provider) from error
    except (anthropic.AnthropicError, ValueError):  # a body that is no JSON, or not that of an answer
        raise UNREADABLE.error(provider) from None


def _refused(error: anthropic.APIStatusError, provider: str) -> ProviderError:
    """Return what an error means that the vendor told: by a status, or in the middle of an answer that began well."""
    name, is_status = _name_of(error), error.status_code >= HTTPStatus.MULTIPLE_CHOICES
    failure = _failure_of(error, name) or (status_failure(error.status_code) if is_status else BROKEN_OFF)
    if is_status:
        failure = as_told(failure, error.response.headers)
    told, sent = (("code", name), ("request", _id_of(error))), error.request.headers
    shown = [f"{what} {one}" for what, one in told if is_name(one, sent)]
    return failure.replace(
        happened=f"answered {error.status_code}" if is_status else BROKEN_OFF.happened,
        reason=", ".join([failure.reason, *shown]),
        retry_after_seconds=retry_after_seconds(error.response.headers) if failure.retryable else None,
    ).error(provider, allowances(error.response.headers))


def _failure_of(error: anthropic.APIStatusError, name: str | None) -> Failure | None:
    text = _ON_BEDROCK.sub("", _text_of(error), count=1)
    said = next((failure for begins, failure in _MESSAGES.items() if begins.match(text)), None)
    return said or _FAILURES.get(name or "")


def _name_of(error: anthropic.APIStatusError) -> str | None:
    """Return the name of the error: a code of Anthropic's, its type, or AWS's class; the first one that is known."""
    body = error.body if isinstance(error.body, dict) else {}
    aws = error.response.headers.get("x-amzn-errortype") or body.get("__type")
    names = [name for name in (error.error_code, error.type, aws) if isinstance(name, str)]
    plain = [_plain(name) for name in names]
    return next((name for name in plain if name in _FAILURES), plain[0] if plain else None)


def _plain(name: str) -> str:
    """Return the name of a class of AWS's as the reference has it: within `x#ThrottlingException:http://…`.

    In streams, they begin with a small letter.
    """
    name = name.partition(":")[0].rpartition("#")[2]
    return name[:1].upper() + name[1:] if name.endswith("Exception") else name


def _text_of(error: anthropic.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    text = error.api_message or body.get("message") or body.get("Message")
    return text if isinstance(text, str) else ""


def _id_of(error: anthropic.APIStatusError) -> object:
    body = error.body if isinstance(error.body, dict) else {}
    return request_id(error.response.headers) or body.get("request_id")


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id by which support finds the request."""
    return headers.get("request-id") or headers.get("x-amzn-requestid")
