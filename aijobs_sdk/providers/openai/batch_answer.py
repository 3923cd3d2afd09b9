"""How OpenAI's batches and their files of results are read: only what is needed, each line by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel, JsonValue

from aijobs_sdk.contract.economy import BatchAnswer, RemoteBatch, RemoteState
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.economy_rows import CANCELLED, EXPIRED
from aijobs_sdk.providers.failures import TIMED_OUT, Failure
from aijobs_sdk.providers.openai.answer import Response
from aijobs_sdk.providers.openai.failures import NAME, broken_off, refusal, translated

_STATES: Mapping[str, RemoteState] = {
    "completed": RemoteState.ENDED,
    "failed": RemoteState.FAILED,
    "expired": RemoteState.EXPIRED,
    "cancelled": RemoteState.CANCELLED,
}
"""All others are on the way to one of these."""
_FAILURES: Mapping[str, Failure] = {
    "batch_expired": EXPIRED,
    "batch_cancelled": CANCELLED,
    "request_timeout": TIMED_OUT,
}
"""What the codes mean of requests that were never answered, or not by the model."""


class _Read(BaseModel):
    """A part of an answer that is read; what else OpenAI sends is ignored."""


class _Counts(_Read):
    total: int = 0
    completed: int = 0
    failed: int = 0


class _Error(_Read):
    code: JsonValue = None
    param: JsonValue = None


class _Errors(_Read):
    data: list[_Error] | None = None


class Batch(_Read):
    """A batch as OpenAI shows it."""

    id: str
    status: str
    created_at: int
    expires_at: int | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _Errors | None = None
    request_counts: _Counts | None = None
    metadata: dict[str, str] | None = None

    def remote(self, *, endpoint: str | None) -> RemoteBatch:
        """Return it in our own words."""
        counts = self.request_counts or _Counts()
        said = (self.errors.data if self.errors else None) or []
        return RemoteBatch(
            provider=NAME,
            id=self.id,
            endpoint=endpoint,
            state=_STATES.get(self.status, RemoteState.WORKING),
            reason=next((str(one.code) for one in said if one.code), None),
            total=counts.total,
            answered=counts.completed,
            failed=counts.failed,
            created_at=_instant(self.created_at),
            expires_at=None if self.expires_at is None else _instant(self.expires_at),
        )


class BatchPage(_Read):
    """Some of an account's batches, the newest first."""

    data: list[Batch]
    has_more: bool = False


class UploadedFile(_Read):
    """A file at OpenAI."""

    id: str


class _Reply(_Read):
    status_code: int
    body: JsonValue = None


class _Line(_Read):
    response: _Reply | None = None
    error: _Error | None = None


def read_line(line: bytes, request: GenerationRequest) -> BatchAnswer:
    """Return the answer to this request that a line of results holds.

    Raises:
        ProviderError: it holds none.
    """
    with translated():
        read = _Line.model_validate_json(line)
        if read.error is not None or read.response is None:
            code = None if read.error is None else read.error.code
            raise (_FAILURES.get(str(code)) or broken_off(code)).error(NAME)
        if read.response.status_code >= HTTPStatus.BAD_REQUEST:
            raise _refused(read.response)
        response = Response.model_validate(read.response.body)
        return BatchAnswer(text=response.text, finished=response.finished(request))


def _refused(reply: _Reply) -> ProviderError:
    said = reply.body.get("error") if isinstance(reply.body, dict) else None
    error = _Error.model_validate(said or {})
    return refusal(reply.status_code, code=error.code, param=error.param).error(NAME)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
