"""What Google's errors and reasons mean, and how they become ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import httpx2
from google.genai import errors
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.providers.failures import (
    BAD_TOOL_CALL,
    BROKEN_OFF,
    CONTEXT_TOO_LONG,
    FILTERED,
    MODEL_NOT_FOUND,
    QUOTA_EXHAUSTED,
    REFUSED,
    UNREADABLE,
    Failure,
    is_name,
    status_failure,
)
from aijobs_sdk.providers.retry_after import retry_after_seconds
from aijobs_sdk.providers.transport import transport_failure

NAME = "vertex"
_FAILURES: Mapping[str, Failure] = {
    # Statuses of a call, and the reasons that come with some.
    "BILLING_DISABLED": QUOTA_EXHAUSTED,
    "INVALID_ARGUMENT": status_failure(400),
    "NOT_FOUND": MODEL_NOT_FOUND,
    "PERMISSION_DENIED": status_failure(403),
    "RATE_LIMIT_EXCEEDED": status_failure(429),
    "RESOURCE_EXHAUSTED": status_failure(429),
    "RESOURCE_QUOTA_EXCEEDED": QUOTA_EXHAUSTED,
    "UNAUTHENTICATED": status_failure(401),
    # Why an answer ended where it should not have.
    "BLOCKLIST": FILTERED,
    "ESCALATION": FILTERED,
    "IMAGE_PROHIBITED_CONTENT": FILTERED,
    "IMAGE_RECITATION": FILTERED,
    "IMAGE_SAFETY": FILTERED,
    "LANGUAGE": FILTERED,
    "MALFORMED_FUNCTION_CALL": BAD_TOOL_CALL,
    "MALFORMED_RESPONSE": UNREADABLE,
    "MODEL_ARMOR": FILTERED,
    "PROHIBITED_CONTENT": FILTERED,
    "RECITATION": FILTERED,
    "SAFETY": REFUSED,  # of the model's own words, in which alone Gemini declines; a prompt has a `blockReason`
    "SPII": FILTERED,
    "TOO_MANY_TOOL_CALLS": BAD_TOOL_CALL,
    "UNEXPECTED_TOOL_CALL": BAD_TOOL_CALL,
}
"""What Google's words mean; where one is not listed, the HTTP status says it, or that the answer broke off."""
_TOO_LONG = re.compile(r"token count\b.*\b(exceeds|supports up to)\b", re.DOTALL)
"""Google has no code for it, and several wordings."""
_SPENT = re.compile(r"per_?(day|month)", re.IGNORECASE)
"""A quota that does not come back within minutes, by its name; limits of rate are per minute."""


class Read(BaseModel):
    """A part of an answer that is read; what else Google sends is ignored."""

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, told: object) -> object:
        """Leave out what is null: in the JSON of Google's protocol buffers, that says no more than no word of it."""
        return {name: one for name, one in told.items() if one is not None} if isinstance(told, dict) else told


class _QuotaViolation(Read):
    quota_id: str = ""


class _FieldViolation(Read):
    field: str = ""


class _Detail(Read):
    """Any of the details of an error, which differ in what they have: a reason, violations, a wait."""

    reason: str = ""
    metadata: Mapping[str, str] = Field(default_factory=dict)
    violations: tuple[_QuotaViolation, ...] = ()
    field_violations: tuple[_FieldViolation, ...] = ()
    retry_delay: str | None = None


class GoogleError(Read):
    """An error in Google's words, as the body of an answer or in the middle of one."""

    status: str = ""
    message: str = ""
    details: tuple[_Detail, ...] = ()

    def failure(self, otherwise: Failure) -> Failure:
        """Return what it means, with the names that it tells; `otherwise` where Google's words are not known."""
        failure = self._known or otherwise
        named = [name for name in self._names if is_name(name)]
        return failure.replace(
            reason=", ".join([failure.reason, *named]),
            retry_after_seconds=self._wait_seconds if failure.retryable else None,
        )

    @property
    def _known(self) -> Failure | None:
        if self.status == "INVALID_ARGUMENT" and _TOO_LONG.search(self.message):
            return CONTEXT_TOO_LONG
        if self.status == "RESOURCE_EXHAUSTED" and any(map(_SPENT.search, self._quotas)):
            return QUOTA_EXHAUSTED
        words = (*(detail.reason for detail in self.details), self.status)
        return next((_FAILURES[word] for word in words if word in _FAILURES), None)

    @property
    def _quotas(self) -> list[str]:
        limits = [detail.metadata.get("quota_limit", "") for detail in self.details]
        return [*limits, *(one.quota_id for detail in self.details for one in detail.violations)]

    @property
    def _names(self) -> list[str]:
        reasons = [detail.reason for detail in self.details]
        fields = [one.field for detail in self.details for one in detail.field_violations]
        return [self.status, *reasons, *self._quotas, *fields]

    @property
    def _wait_seconds(self) -> float | None:
        waits = (detail.retry_delay for detail in self.details if detail.retry_delay is not None)
        # `7.5s`, as Google's own types write every duration.
        return next((retry_after_seconds({"retry-after": wait.removesuffix("s")}) for wait in waits), None)


def ended_badly(reason: str) -> ProviderError:
    """Return what it means that an answer ended for a reason that is no good one."""
    failure = _FAILURES.get(reason, BROKEN_OFF)
    named = f"{failure.reason}, {reason}" if is_name(reason) else failure.reason
    return failure.replace(reason=named).error(NAME)


def unusable(problem: str) -> ProviderError:
    """Return the error for a request that cannot be put into Google's words."""
    return status_failure(400).replace(happened="was not asked", reason=problem).error(NAME)


@contextmanager
def translated() -> Iterator[None]:
    """Let nothing out but ProviderErrors. What Google or pydantic say may quote a prompt or an answer."""
    try:
        yield
    except errors.APIError as error:
        raise _refused(error) from None
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise (transport_failure(error) or UNREADABLE).error(NAME) from error
    except ValueError:  # a body that is no JSON, or not that of an answer
        raise UNREADABLE.error(NAME) from None


def _refused(error: errors.APIError) -> ProviderError:
    """Return what it means that Google answered with another status than 200."""
    # The library takes 200 alone for good: another one of its kind says nothing against the request.
    otherwise = UNREADABLE if error.code < HTTPStatus.MULTIPLE_CHOICES else status_failure(error.code)
    failure = _error_in(error.details).failure(otherwise)
    headers = getattr(error.response, "headers", {})
    wait = failure.retry_after_seconds
    if wait is None and failure.retryable:
        wait = retry_after_seconds(headers)
    return failure.replace(happened=f"answered {error.code}", retry_after_seconds=wait).error(NAME)


def _error_in(body: object) -> GoogleError:
    try:
        return GoogleError.model_validate(body.get("error", body) if isinstance(body, dict) else {})
    except ValidationError:
        return GoogleError()
