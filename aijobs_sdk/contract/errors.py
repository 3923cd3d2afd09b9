"""Every way things go wrong, as one tree.

AIJobsError
├── InvalidRequestError (ValueError)      the caller's input; `fields` names each problem
│   └── RequestTooLargeError              more at once than a server takes
├── ConfigurationError                    a setting, an address or an extra is missing
├── JobNotFoundError (LookupError)        this tenant has no such job
├── ScheduleNotFoundError (LookupError)   this tenant has no schedule of this name
├── DeadLetterNotFoundError (LookupError) no job of this tenant with this id failed, or its letter was purged
├── SuggestionNotFoundError (LookupError) this tenant has no such suggestion
├── SuggestionDecidedError                the opposite was decided about it before
├── SuggestionOutdatedError               its block has another text by now
├── BatchNotFoundError (LookupError)      this tenant has no batch of this name
├── BatchHeldError                        another process runs this batch; the message says which
├── BatchPausedError                      a run stopped before its end; `reason` says why, and what goes on
├── IdempotencyConflictError              the key was used for another payload
├── AdmissionError                        too much for this tenant now; `retry_after_seconds` says when to come back
│   ├── TooManyJobsError                  it has as many unfinished jobs as it may
│   ├── TooManyStreamsError               it follows as many event streams as it may
│   └── RateLimitedError                  it submits this type faster than it may
├── AuthenticationError                   a server was shown no key that it knows
├── PermissionDeniedError                 the key is known, and has not the scope for this
├── StoreUnavailableError                 the database cannot be used now, or at all; the message says why
├── UnreadableRecordError                 one record that is stored, and damaged or of a newer version
├── ServerUnavailableError                no answer from the server, however often it was asked
├── JobError                              how a job ended, raised by `result()`; `job` is the record
│   ├── JobFailedError
│   └── JobCancelledError
├── InvalidOutputError (ValueError)       the job is done, and its answer does not fit the `output_model`
├── ProviderError                         how one provider call ended; the engine decides on a retry
│   ├── CircuitOpenError                  the provider failed too often just now: it was not even asked
│   └── ProviderBusyError                 it allows no more calls for now: it was not even asked
└── LeaseLostError                        a worker wrote after its lease had passed to another

Outcomes are these. Anything else that escapes is a bug in us.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo, FieldProblem, shown_beside
from aijobs_sdk.contract.shapes import shortened
from aijobs_sdk.contract.showing import heading, known_facts
from aijobs_sdk.markup import Markup, element, markup, table

if TYPE_CHECKING:  # what a user may write of these is refused by an error of here
    from aijobs_sdk.contract.job import Job
    from aijobs_sdk.contract.provider import Allowances

CLIENT_CLOSED = "client_closed"
"""The code of the error of whoever waits while the client is closed."""
LONGEST_WAIT_SECONDS = 86_400.0
"""A provider that asks for more is taken to ask for this: the quota of a day is back by then."""


def _rebuild(kind: type[AIJobsError], args: tuple[object, ...], state: dict[str, object]) -> AIJobsError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class AIJobsError(Exception):
    """The root: `except AIJobsError` catches every outcome this SDK reports."""

    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def _repr_html_(self) -> str:
        return markup(
            heading(type(self).__name__, element("code", self.code)), element("div", self.message), self._shown_beside()
        )

    def _shown_beside(self) -> Markup:
        """Return what a page shows of the fields beside the message."""
        return Markup()

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own reduce calls the class with `args` alone, which loses keyword-only fields.
        return _rebuild, (type(self), self.args, self.__dict__)


class InvalidRequestError(AIJobsError, ValueError):
    """The input cannot be used, and nothing was stored. `fields` names each problem."""

    code = "invalid_request"

    def __init__(self, message: str, *, code: str | None = None, fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message, code=code)
        self.fields = tuple(fields)

    def _shown_beside(self) -> Markup:
        rows = ([one.field, one.problem] for one in self.fields)
        return table(["field", "problem"], rows) if self.fields else Markup()

    def within(self, place: str) -> InvalidRequestError:
        """Return the same refusal, with its fields below a place: `model` within `payload.` is `payload.model`."""
        moved = [FieldProblem(field=place + one.field, problem=one.problem) for one in self.fields]
        return InvalidRequestError(self.message, code=self.code, fields=moved)


class RequestTooLargeError(InvalidRequestError):
    """More was sent at once than a server takes, and nothing was stored; the message names the limit."""

    code = "request_too_large"


class ConfigurationError(AIJobsError):
    """A setting, an address or an optional package is missing; the message names it."""

    code = "configuration"


class JobNotFoundError(AIJobsError, LookupError):
    """The tenant has no job with this id; another tenant's job reads the same."""

    code = "job_not_found"

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"No job {job_id}. `client.list()` shows recent jobs.")
        self.job_id = job_id


class ScheduleNotFoundError(AIJobsError, LookupError):
    """The tenant has no schedule of this name."""

    code = "schedule_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"No schedule {shortened(name)!r}. `client.schedules()` shows all there are.")
        self.name = name


class DeadLetterNotFoundError(AIJobsError, LookupError):
    """The tenant has no dead letter of a job with this id: it did not fail, is not theirs, or the letter was purged."""

    code = "dead_letter_not_found"

    def __init__(self, job_id: UUID) -> None:
        super().__init__(
            f"No dead letter of job {job_id}: only a job that failed leaves one, until it is purged. "
            "`client.dead_letters()` lists them."
        )
        self.job_id = job_id


class SuggestionNotFoundError(AIJobsError, LookupError):
    """The tenant has no suggestion with this id; another tenant's reads the same."""

    code = "suggestion_not_found"

    def __init__(self, suggestion_id: UUID) -> None:
        super().__init__(f"No suggestion {suggestion_id}. `client.suggestions(block_id)` shows those of a block.")
        self.suggestion_id = suggestion_id


class SuggestionDecidedError(AIJobsError):
    """The suggestion was rejected before and is to be applied now, or the other way round; nothing was changed."""

    code = "suggestion_decided"

    def __init__(self, suggestion_id: UUID, status: str) -> None:
        super().__init__(
            f"Suggestion {suggestion_id} was {status} before, which stays so. "
            "A new `block_refine` job with `propose` makes another."
        )
        self.suggestion_id = suggestion_id


class SuggestionOutdatedError(AIJobsError):
    """The suggestion rewrites a text that its block has no more: applying it would undo what came since."""

    code = "suggestion_outdated"

    def __init__(self, suggestion_id: UUID, *, based_on: int, revision: int) -> None:
        super().__init__(
            f"Suggestion {suggestion_id} rewrites revision {based_on} of its block, which is at revision {revision} "
            "by now: nothing was changed. Reject it, and refine the block as it stands."
        )
        self.suggestion_id = suggestion_id


class BatchNotFoundError(AIJobsError, LookupError):
    """The tenant has no batch of this name, or with this id."""

    code = "batch_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"No batch {shortened(name)!r}. `client.batches()` shows all there are.")
        self.name = name


class BatchHeldError(AIJobsError):
    """Another process runs this batch: two would send its rows twice."""

    code = "batch_held"

    def __init__(self, name: str, *, held_by: str) -> None:
        super().__init__(
            f"Batch {name!r} is being run by {held_by}. Wait for it, `client.batch(name={name!r})` shows how far it "
            "is; or stop that process, or pause() the batch, and run it here."
        )
        self.name = name
        self.held_by = held_by


class BatchPausedError(AIJobsError):
    """A run stopped before every row was over, and nothing is lost: `run()` goes on where it stopped."""

    code = "batch_paused"

    def __init__(self, reason: str, *, finished: int, total: int) -> None:
        super().__init__(f"{finished:,} of {total:,} rows are finished. {reason} `run()` goes on.")
        self.reason = reason
        self.finished = finished
        self.total = total

    def _render_traceback_(self) -> list[str]:
        # What IPython shows of it: somebody wanted it, or a budget did, and no line of code is to be looked at.
        return [f"{type(self).__name__}: {self.message}"]


class IdempotencyConflictError(AIJobsError):
    """The idempotency key already belongs to a job with another type or payload."""

    code = "idempotency_conflict"

    def __init__(self, key: str, job_id: UUID) -> None:
        super().__init__(
            f"Idempotency key {key!r} was used for job {job_id} with another type or payload. "
            "Send the same payload to get that job, or choose a new key."
        )
        self.key = key
        self.job_id = job_id


class AdmissionError(AIJobsError):
    """The tenant asks for more than it may have at once; nothing was stored."""

    code = "admission_refused"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    def _shown_beside(self) -> Markup:
        return known_facts({"retry after": f"{self.retry_after_seconds:.3g} s"})


class TooManyJobsError(AdmissionError):
    """The tenant has as many unfinished jobs as it may."""

    code = "too_many_jobs"

    def __init__(self, limit: int, *, retry_after_seconds: float) -> None:
        super().__init__(
            f"This tenant may have {limit} unfinished jobs at a time. Wait until some have finished, "
            f"then submit again (in {retry_after_seconds:.3g} s).",
            retry_after_seconds=retry_after_seconds,
        )
        self.limit = limit


class TooManyStreamsError(AdmissionError):
    """The tenant follows as many event streams as it may; each of them can carry many jobs."""

    code = "too_many_streams"

    def __init__(self, limit: int, *, retry_after_seconds: float) -> None:
        super().__init__(
            f"This tenant may follow {limit} event streams at a time. Close one, or follow several jobs over one.",
            retry_after_seconds=retry_after_seconds,
        )
        self.limit = limit


class RateLimitedError(AdmissionError):
    """The tenant submits jobs of one type faster than it may."""

    code = "rate_limited"

    def __init__(self, job_type: str, *, retry_after_seconds: float) -> None:
        super().__init__(
            f"Too many {job_type!r} jobs in a short time. Submit again in {retry_after_seconds:.3g} s.",
            retry_after_seconds=retry_after_seconds,
        )
        self.job_type = job_type


class AuthenticationError(AIJobsError):
    """The server was shown no key, or none that it knows; the message says where a key is set."""

    code = "unauthenticated"


class PermissionDeniedError(AIJobsError):
    """The key is known, and was not given the scope that this takes; the message names it."""

    code = "permission_denied"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key may not do that: it has not the scope {scope!r}. Use a key that has it.")
        self.scope = scope


class StoreUnavailableError(AIJobsError):
    """The place where jobs are kept cannot be used; what was asked for was not done, or is not known to be."""

    code = "store_unavailable"


class UnreadableRecordError(AIJobsError):
    """What is stored of one job, schedule, document or the like cannot be read; every other is as it was."""

    code = "unreadable_record"
    job_id: UUID | None = None
    """Of the job; None where it is something else."""

    def __init__(self, what: str, problem: str, *, job_id: UUID | None = None) -> None:
        super().__init__(
            f"{what} is stored, and cannot be read: {problem}. If a newer version of aijobs-sdk wrote it, upgrade: "
            "pip install -U aijobs-sdk. Else its row is damaged: restore it, or delete it."
        )
        if job_id is not None:
            self.job_id = job_id


class ServerUnavailableError(AIJobsError):
    """A server did not answer, or not in a way that can be used; what was asked for may have been done."""

    code = "server_unavailable"


class JobError(AIJobsError):
    """A job ended without a result. `job` is its last record, `info` its structured error."""

    code = "job_error"

    def __init__(self, job: Job, info: ErrorInfo, message: str) -> None:
        super().__init__(message, code=info.code)
        self.job = job
        self.info = info

    def _shown_beside(self) -> Markup:
        return shown_beside(self.info)


class JobFailedError(JobError):
    """The job is out of attempts, or failed in a way that no retry can mend."""

    def __init__(self, job: Job, info: ErrorInfo) -> None:
        times = "1 attempt" if job.attempts == 1 else f"{job.attempts} attempts"
        super().__init__(job, info, f"Job {job.id} failed after {times}: {info.message}")


class JobCancelledError(JobError):
    """Somebody cancelled the job before it was done."""

    def __init__(self, job: Job, info: ErrorInfo) -> None:
        super().__init__(job, info, f"Job {job.id} was cancelled. Submit it again to run it.")


class InvalidOutputError(AIJobsError, ValueError):
    """The job is done, and its answer does not fit the model it was asked for; `result` holds all of it."""

    code = "invalid_output"

    def __init__(self, result: BaseModel, model: type[BaseModel], problem: str) -> None:
        super().__init__(
            f"The answer is no {model.__name__}: {problem}. What was answered is in this error's `result`."
        )
        self.result = result


class ProviderError(AIJobsError):
    """A provider call ended without an answer; adapters raise nothing else."""

    code = "provider_error"

    def __init__(  # one argument for each thing a retry decision and a report need
        self,
        message: str,
        *,
        code: str,
        category: ErrorCategory,
        provider: str,
        retryable: bool,
        retry_after_seconds: float | None = None,
        overloaded: bool = False,
        allowances: Allowances | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.category = category
        self.provider = provider
        self.retryable = retryable
        self.retry_after_seconds = _usable(retry_after_seconds)
        """None where the provider says nothing that can be waited for; at most a day."""
        self.overloaded = overloaded
        """Whether it has more to do than it can: fewer calls at a time would help."""
        self.allowances = allowances
        """What is left of its limits, where it says so."""

    def _shown_beside(self) -> Markup:
        wait = self.retry_after_seconds
        return known_facts(
            {
                "category": self.category,
                "provider": self.provider,
                "retryable": self.retryable,
                "retry after": None if wait is None else f"{wait:.3g} s",
            }
        )


def _usable(wait_seconds: float | None) -> float | None:
    if wait_seconds is None or not 0 <= wait_seconds < float("inf"):  # nor is it NaN
        return None
    return min(wait_seconds, LONGEST_WAIT_SECONDS)


class CircuitOpenError(ProviderError):
    """The provider failed too often just now, so it was not asked; a handler may ask another one instead."""

    code = "provider_unavailable"

    def __init__(
        self, provider: str, *, retry_after_seconds: float, spread_seconds: float, silent_seconds: float = inf
    ) -> None:
        super().__init__(
            f"{provider} failed too often in the last minutes and is not asked for now "
            f"(again in {retry_after_seconds:.3g} s).",
            code=self.code,
            category=ErrorCategory.DEPENDENCY,
            provider=provider,
            retryable=True,
            retry_after_seconds=retry_after_seconds,
        )
        self.wait_seconds = retry_after_seconds
        self.spread_seconds = spread_seconds
        """Those who wait come back over this time, so that they do not all come at once."""
        self.silent_seconds = silent_seconds
        """For how long nobody was answered, as far as this process knows."""


class ProviderBusyError(ProviderError):
    """The provider allows no more calls for now, so it was not asked: the job comes back when it is its turn."""

    code = "rate_limited"

    def __init__(
        self, provider: str, *, wait_seconds: float, spread_seconds: float, silent_seconds: float = inf
    ) -> None:
        super().__init__(
            f"{provider} allows no more calls of this model for now (again in about {wait_seconds:.3g} s).",
            code=self.code,
            category=ErrorCategory.RATE_LIMIT,
            provider=provider,
            retryable=True,
            retry_after_seconds=wait_seconds,
        )
        self.wait_seconds = wait_seconds
        self.spread_seconds = spread_seconds
        """Those who wait come back over this time, so that they do not all come at once."""
        self.silent_seconds = silent_seconds
        """For how long it has refused all that it was asked, as far as this process knows."""


class LeaseLostError(AIJobsError):
    """The write came with an old fence: another worker owns the job now, or it is over."""

    code = "lease_lost"

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"The lease on job {job_id} was lost; this write changed nothing.")
        self.job_id = job_id


HTTP_STATUS: Mapping[type[AIJobsError], int] = {
    InvalidRequestError: 422,
    RequestTooLargeError: 413,
    ConfigurationError: 500,
    AuthenticationError: 401,
    PermissionDeniedError: 403,
    JobNotFoundError: 404,
    ScheduleNotFoundError: 404,
    DeadLetterNotFoundError: 404,
    SuggestionNotFoundError: 404,
    SuggestionDecidedError: 409,
    SuggestionOutdatedError: 409,
    BatchNotFoundError: 404,
    BatchHeldError: 409,
    BatchPausedError: 409,
    IdempotencyConflictError: 409,
    TooManyJobsError: 429,
    TooManyStreamsError: 429,
    RateLimitedError: 429,
    StoreUnavailableError: 503,
    UnreadableRecordError: 500,
    ServerUnavailableError: 502,
    JobFailedError: 409,
    JobCancelledError: 409,
    InvalidOutputError: 502,
    ProviderError: 502,
    CircuitOpenError: 503,
    ProviderBusyError: 503,
    LeaseLostError: 409,
}
"""Class ↔ status, the one table a server answers by and an HTTP backend reads back; the code travels beside it."""
