"""What became of a row, apart from the row itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.row import BatchRow, RowStatus
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.results import GenerationResult

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)  # not frozen, as `Item` is not
class Outcome:
    """The end of a row: the fields of a `BatchRow` that are not the input's; nobody changes it."""

    status: RowStatus
    content: str | None = None
    answers: tuple[str, ...] = ()
    output: Any = None
    error: ErrorInfo | None = None
    model: str | None = None
    provider: str | None = None
    served_model: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    credits: Decimal | None = None
    metered_credits: Decimal | None = None
    attempts: int = 0
    latency_seconds: float | None = None
    job_ids: tuple[UUID, ...] = ()
    """Of all its turns, the last one last."""
    sent_at: datetime | None = None
    ended_at: datetime | None = None

    def __reduce__(self) -> tuple[Callable[[list[Any]], Outcome], tuple[list[Any]]]:
        """Pickle it as numbers and texts, which takes a third of the time; every row is put on a spool."""
        values = list(_values(self))
        for place, pack, _ in _PACKED:
            values[place] = pack(values[place])
        return _unpacked, (values,)

    @property
    def was_cancelled(self) -> bool:
        """Whether it failed as somebody cancelled its job."""
        return self.error is not None and self.error.category is ErrorCategory.CANCELLED

    def failed(self, error: ErrorInfo) -> Outcome:
        """Return the same answer as a failure."""
        return replace(self, status=RowStatus.FAILED, error=error)

    def after(self, earlier: Outcome | None) -> Outcome:
        """Return the same with what was paid for earlier answers, which were asked for anew."""
        if earlier is None:
            return self
        return replace(
            self,
            input_tokens=(self.input_tokens or 0) + (earlier.input_tokens or 0),
            output_tokens=(self.output_tokens or 0) + (earlier.output_tokens or 0),
            credits=(self.credits or 0) + (earlier.credits or Decimal(0)),
            metered_credits=(self.metered_credits or 0) + (earlier.metered_credits or Decimal(0)),
            attempts=self.attempts + earlier.attempts,
            job_ids=earlier.job_ids + self.job_ids,
            sent_at=min(filter(None, (earlier.sent_at, self.sent_at)), default=None),
            ended_at=max(filter(None, (earlier.ended_at, self.ended_at)), default=None),
        )

    def shared(self) -> Outcome:
        """Return the same for a row that asked what another had asked before: it cost nothing more."""
        if self.credits is None:
            return replace(self, attempts=0)
        nothing = Decimal(0)
        return replace(self, attempts=0, input_tokens=0, output_tokens=0, credits=nothing, metered_credits=nothing)


def _unpacked(values: list[Any]) -> Outcome:
    for place, _, unpack in _PACKED:
        values[place] = unpack(values[place])
    return Outcome(*values)


def _to_text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _to_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _to_microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _START) // _MICROSECOND


def _to_instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _START + microseconds * _MICROSECOND


def _to_numbers(job_ids: tuple[UUID, ...]) -> list[int]:
    return [job_id.int for job_id in job_ids]


def _to_ids(numbers: list[int]) -> tuple[UUID, ...]:
    return tuple([UUID(int=number) for number in numbers])


_FIELDS = [one.name for one in fields(Outcome)]
_values = attrgetter(*_FIELDS)
_PACKED: Sequence[tuple[int, Callable[..., object], Callable[..., object]]] = (
    (_FIELDS.index("status"), attrgetter("value"), RowStatus),
    (_FIELDS.index("credits"), _to_text, _to_decimal),
    (_FIELDS.index("metered_credits"), _to_text, _to_decimal),
    (_FIELDS.index("job_ids"), _to_numbers, _to_ids),
    (_FIELDS.index("sent_at"), _to_microseconds, _to_instant),
    (_FIELDS.index("ended_at"), _to_microseconds, _to_instant),
)
"""Which fields are pickled as something plainer, by what that is made, and by what it is read."""


def outcome_of(jobs: Sequence[Job], result: GenerationResult | None, *, turns: int = 1) -> Outcome:
    """Return the outcome of a row whose jobs these are, the last one last; `result` is that of the last one.

    Tokens, credits, attempts and seconds are those of all of them.
    """
    results = [GenerationResult.model_validate(job.result) for job in jobs[:-1] if job.result is not None]
    if result is not None:
        results.append(result)
    last = jobs[-1]
    answered = results[-1] if results else None
    return Outcome(
        status=RowStatus.COMPLETED if result is not None else RowStatus.FAILED,
        content=None if result is None else result.content,
        answers=tuple(one.content for one in results[:turns]) if turns > 1 else (),
        output=None if result is None else result.output,
        error=last.error,
        model=None if answered is None else answered.model,
        provider=None if answered is None else answered.provider,
        served_model=None if answered is None else answered.served_model,
        finish_reason=None if result is None else result.finish_reason,
        input_tokens=sum(one.input_tokens for one in results) if results else None,
        output_tokens=sum(one.output_tokens for one in results) if results else None,
        credits=sum((one.credits_used for one in results), Decimal(0)) if results else None,
        metered_credits=sum((one.metered_credits for one in results), Decimal(0)) if results else None,
        attempts=sum(job.attempts for job in jobs),
        latency_seconds=_seconds(jobs),
        job_ids=tuple(job.id for job in jobs),
        sent_at=jobs[0].created_at,
        ended_at=last.completed_at,
    )


def paid_for(job: Job) -> Outcome | None:
    """Return what a job adds to the cost of its row, should it be asked for anew; None where it was not answered."""
    if job.result is None:
        return None
    paid = outcome_of([job], GenerationResult.model_validate(job.result))
    return replace(paid, content=None, output=None)  # which may be long


def refused(error_code: str, message: str, jobs: Sequence[Job] = (), *, turns: int = 1) -> Outcome:
    """Return the outcome of a row of which a step never became a job; `jobs` answered those before it."""
    error = _validation(error_code, message)
    if not jobs:
        return Outcome(RowStatus.FAILED, error=error)
    return outcome_of(jobs, GenerationResult.model_validate(jobs[-1].result), turns=turns).failed(error)


def skipped(reason: str) -> Outcome:
    """Return the outcome of a row that was not sent, as the caller wanted."""
    return Outcome(RowStatus.SKIPPED, error=_validation("skipped", f"It was not sent: {reason}."))


def row_of(item: Item, outcome: Outcome | None, *, shared_with: int | None = None) -> BatchRow:
    """Return the row as everybody sees it; one that shares the answer of another cost nothing."""
    if outcome is None:
        return BatchRow(index=item.index, inputs=item.inputs, status=RowStatus.PENDING, model=_model_of(item))
    if shared_with is not None:
        outcome = outcome.shared()
    return BatchRow(
        index=item.index,
        inputs=item.inputs,
        status=outcome.status,
        content=outcome.content,
        answers=outcome.answers,
        output=outcome.output,
        error=outcome.error,
        model=outcome.model or _model_of(item),
        provider=outcome.provider,
        served_model=outcome.served_model,
        finish_reason=outcome.finish_reason,
        input_tokens=outcome.input_tokens,
        output_tokens=outcome.output_tokens,
        credits=outcome.credits,
        metered_credits=outcome.metered_credits,
        attempts=outcome.attempts,
        latency_seconds=outcome.latency_seconds,
        shared_with=shared_with,
        job_id=outcome.job_ids[-1] if outcome.job_ids else None,
    )


def _model_of(item: Item) -> str:
    return str(item.payload.get("model", ""))


def _seconds(jobs: Sequence[Job]) -> float | None:
    times = [(job.completed_at - job.created_at).total_seconds() for job in jobs if job.completed_at is not None]
    return sum(times) if times else None


def _validation(code: str, message: str) -> ErrorInfo:
    return ErrorInfo(code=code, category=ErrorCategory.VALIDATION, message=message)
