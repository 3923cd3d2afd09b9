"""How Anthropic's batches and their results are read: only what is needed, each line by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

import anthropic
import httpx2
from pydantic import BaseModel, JsonValue

from aijobs_sdk.contract.economy import BatchAnswer, RemoteBatch, RemoteState
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.anthropic.answer import Answer
from aijobs_sdk.providers.anthropic.failures import translated
from aijobs_sdk.providers.economy_rows import CANCELLED, EXPIRED
from aijobs_sdk.providers.failures import OVERLOADED, UNREADABLE

NAME = "anthropic"
_STATUSES: Mapping[str, int] = {
    "api_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "billing_error": HTTPStatus.PAYMENT_REQUIRED,
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
    "not_found_error": HTTPStatus.NOT_FOUND,
    "overloaded_error": OVERLOADED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
    "request_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "timeout_error": HTTPStatus.GATEWAY_TIMEOUT,
}
"""The statuses that these types of errors go with outside of batches: platform.claude.com/docs/en/api/errors."""
_NOWHERE = httpx2.Request("GET", "https://api.anthropic.com")


class _Read(BaseModel):
    """A part of an answer that is read; what else Anthropic sends is ignored."""


class _Counts(_Read):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class Batch(_Read):
    """A batch as Anthropic shows it: of its requests, only how many there are."""

    id: str
    processing_status: str
    created_at: datetime
    expires_at: datetime | None = None
    request_counts: _Counts = _Counts()

    def remote(self, *, endpoint: str | None) -> RemoteBatch:
        """Return it in our own words."""
        counts = self.request_counts
        failed = counts.errored + counts.canceled + counts.expired
        return RemoteBatch(
            provider=NAME,
            id=self.id,
            endpoint=endpoint,
            state=self._state(),
            total=counts.processing + counts.succeeded + failed,
            answered=counts.succeeded,
            failed=failed,
            created_at=self.created_at,
            expires_at=self.expires_at,
        )

    def _state(self) -> RemoteState:
        if self.processing_status != "ended":
            return RemoteState.WORKING
        if self.request_counts.canceled:
            return RemoteState.CANCELLED
        return RemoteState.EXPIRED if self.request_counts.expired else RemoteState.ENDED


class BatchPage(_Read):
    """Some of an account's batches, the newest first."""

    data: list[Batch]
    has_more: bool = False
    last_id: str | None = None


class _Result(_Read):
    type: str
    message: JsonValue = None
    error: JsonValue = None


class _Line(_Read):
    result: _Result


def read_line(line: bytes, request: GenerationRequest) -> BatchAnswer:
    """Return the answer to this request that a line of results holds.

    Raises:
        ProviderError: it holds none.
    """
    with translated(NAME):
        result = _Line.model_validate_json(line).result
        match result.type:
            case "succeeded":
                answer = Answer.model_validate(result.message)
                return BatchAnswer(text=answer.text, finished=answer.finished(request, NAME, {}))
            case "errored":
                raise _as_outside_of_batches(result.error)
            case "canceled":
                raise CANCELLED.error(NAME)
            case "expired":
                raise EXPIRED.error(NAME)
            case _:
                raise UNREADABLE.error(NAME)


def _as_outside_of_batches(body: JsonValue) -> anthropic.APIStatusError:
    """Return the error that Anthropic's library raises where a single call is answered with this body."""
    error = body.get("error") if isinstance(body, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    response = httpx2.Response(_STATUSES.get(str(kind), HTTPStatus.INTERNAL_SERVER_ERROR), request=_NOWHERE)
    return anthropic.APIStatusError("", response=response, body=body)
