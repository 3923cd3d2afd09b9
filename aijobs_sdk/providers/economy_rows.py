"""The requests of a batch by name: which may be one batch, whose answer is whose, and what a missing one means."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from pydantic import BaseModel, ValidationError

from aijobs_sdk.contract.economy import BatchAnswer, BatchIntent, BatchOutcome, BatchRow, RemoteBatch, RemoteState
from aijobs_sdk.contract.error_info import ErrorCategory, FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.failures import Failure, is_name

log = logging.getLogger("aijobs.economy")

_SLACK = timedelta(hours=1)
"""How far a vendor's clock and ours may be apart."""
_CUSTOM_ID = re.compile(rb'"custom_id"\s*:\s*"([\w-]+)"')
_TOO_MANY_TOKENS = "token_limit_exceeded"
"""OpenAI's: batches that were not begun hold more tokens of this model than the account may have waiting."""

EXPIRED = Failure(
    code="batch_expired",
    category=ErrorCategory.TIMEOUT,
    happened="did not answer",
    reason="its batch was not done in time",
    advice="Send it again, in a batch or by itself.",
    retryable=True,
)
CANCELLED = Failure(
    code="batch_cancelled",
    category=ErrorCategory.CANCELLED,
    happened="did not answer",
    reason="its batch was cancelled before",
    advice="Send it again to have it answered.",
    retryable=False,
)
QUEUE_FULL = Failure(
    code="batch_queue_full",
    category=ErrorCategory.RATE_LIMIT,
    happened="did not begin with the batch",
    reason=f"{_TOO_MANY_TOKENS}: more tokens wait there than this account may have waiting",
    advice="Send it again when earlier batches have ended.",
    retryable=True,
    retry_after_seconds=300,
)
REFUSED = Failure(
    code="batch_refused",
    category=ErrorCategory.VALIDATION,
    happened="did not begin with the batch",
    reason="it was not accepted",
    advice="Change the requests; the same ones will be refused again.",
    retryable=False,
)
MISSING = Failure(
    code="batch_result_missing",
    category=ErrorCategory.PROVIDER,
    happened="says nothing of this request",
    reason="its batch has ended, and it is in no file of results",
    advice="Send it again.",
    retryable=True,
)
NOT_OVER = Failure(
    code="batch_not_over",
    category=ErrorCategory.PROVIDER,
    happened="is still working on the batch",
    reason="there are no results yet",
    advice="Ask again later.",
    retryable=True,
)
NOT_SURE = Failure(
    code="batch_not_sure",
    category=ErrorCategory.PROVIDER,
    happened="has a batch that may be this one",
    reason="it tells what is in a batch only when that has ended",
    advice="Ask again later; sent anew, it might be paid twice.",
    retryable=True,
    retry_after_seconds=60,
)


def mark_of(token: str) -> str:
    """Return what a batch of this token is known by at its vendor: 24 letters and digits."""
    return blake2b(token.encode(), digest_size=12).hexdigest()


def custom_id(job_id: UUID, mark: str) -> str:
    """Return the name of a request in its batch: 57 of the characters that every vendor takes."""
    return f"{job_id.hex}_{mark}"


def mark_in(line: bytes) -> str:
    """Return the mark of the batch that a line of results is of."""
    return _Named.model_validate_json(line).custom_id.partition("_")[2]


def earliest_of(intent: BatchIntent) -> datetime:
    """Return since when the batch of an intent may be there, by its vendor's clock."""
    return intent.written_at - _SLACK


def job_of(custom_id: str) -> UUID | None:
    """Return the job whose request has this name, None where it is no name of ours."""
    with suppress(ValueError):
        return UUID(hex=custom_id.partition("_")[0])
    return None


def check_batch(requests: Sequence[GenerationRequest]) -> None:
    """Refuse requests that cannot be one batch.

    Raises:
        InvalidRequestError: there are none, two are of one job, or they are not all for one model on one route.
    """
    if not requests:
        raise _refusal("is empty: a batch needs at least one")
    [(job_id, times)] = Counter(request.job_id for request in requests).most_common(1)
    if times > 1:
        raise _refusal(f"holds {times} of job {job_id}: their answers could not be told apart")
    if len({(request.model_id, request.endpoint) for request in requests}) > 1:
        raise _refusal("is for several models or endpoints: a batch is for one model on one route")


async def lines_of(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """Yield the lines of a file that comes in pieces; vendors' libraries end lines at characters of texts as well."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


async def read_rows(
    lines: AsyncIterable[bytes],
    batch: RemoteBatch,
    asked: Mapping[UUID, GenerationRequest],
    read: Callable[[bytes, GenerationRequest], BatchAnswer],
) -> AsyncGenerator[BatchRow]:
    """Yield what came of each request that was asked, once, and at last those of which nothing came.

    `read` returns the answer that a line of results holds, or raises a ProviderError.
    """
    left = dict(asked)
    async for line in lines:
        job_id = _job_in(line)
        request = None if job_id is None else left.pop(job_id, None)
        if job_id is not None and request is not None:
            yield BatchRow(job_id, _outcome(line, request, read))
        elif line.strip():
            whose = "a request that is none of ours" if job_id is None else f"job {job_id}"
            log.warning("%s has a result for %s in batch %s: left out.", batch.provider, whose, batch.id)
    failure = missing_failure(batch)
    for job_id in left:
        yield BatchRow(job_id, failure.error(batch.provider))


class _Named(BaseModel):
    """All that tells whose a line of results is."""

    custom_id: str


def _job_in(line: bytes) -> UUID | None:
    try:
        return job_of(_Named.model_validate_json(line).custom_id)
    except ValidationError:  # it may still say whose it was going to be
        found = _CUSTOM_ID.search(line)
        return None if found is None else job_of(found[1].decode())


def _outcome(
    line: bytes, request: GenerationRequest, read: Callable[[bytes, GenerationRequest], BatchAnswer]
) -> BatchOutcome:
    try:
        return read(line, request)
    except ProviderError as error:
        return error


def missing_failure(batch: RemoteBatch) -> Failure:
    """Return what it means that there is no result of a request, in a batch that is over."""
    match batch.state:
        case RemoteState.EXPIRED:
            return EXPIRED
        case RemoteState.CANCELLED:
            return CANCELLED
        case RemoteState.FAILED if batch.reason == _TOO_MANY_TOKENS:
            return QUEUE_FULL
        case RemoteState.FAILED:
            return REFUSED.replace(reason=f"code {batch.reason}") if is_name(batch.reason) else REFUSED
        case RemoteState.ENDED | RemoteState.WORKING:
            return MISSING


def check_over(batch: RemoteBatch) -> None:
    """Refuse to read the results of a batch that goes on.

    Raises:
        ProviderError: it does.
    """
    if not batch.state.is_final:
        raise NOT_OVER.error(batch.provider)


def _refusal(problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"Nothing was sent: `requests` {problem}.", fields=[FieldProblem(field="requests", problem=problem)]
    )
