"""Puts a snapshot into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import assert_never

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.notebook.amounts import credits_text, duration, rough_duration
from aijobs_sdk.notebook.fitting import cut
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Cause, JobSnapshot, Phase, Snapshot
from aijobs_sdk.notebook.view import CauseLine, Labelled, Shares, View

MOST_CAUSES = 8
MOST_MESSAGE = 160
"""Characters of what a failed row said; the rows themselves have all of it."""
MOST_MODELS = 3


def worded(snapshot: Snapshot, rows_per_second: float | None, *, now: datetime, most_causes: int = MOST_CAUSES) -> View:
    """Return what is drawn of a snapshot; `now` is in the zone in which a person reads it."""
    as_of = f"{now:%H:%M:%S}"
    match snapshot:
        case BatchSnapshot():
            return _batch(snapshot, rows_per_second, as_of, most_causes)
        case JobSnapshot():
            return _job(snapshot, as_of)
        case _:
            assert_never(snapshot)


def _batch(batch: BatchSnapshot, rows_per_second: float | None, as_of: str, most_causes: int) -> View:
    left = _left(batch, rows_per_second)
    shown, hidden = batch.causes[:most_causes], batch.causes[most_causes:]
    return View(
        title=batch.title,
        models=_listed(batch.models),
        phase=batch.phase,
        shares=_shares(batch),
        percent=100 * batch.finished // batch.total if batch.total else 100 * batch.phase.is_final,
        summary=", ".join(_batch_summary(batch, left)),
        facts=tuple(_batch_facts(batch, rows_per_second, left)),
        failures=f"{batch.failed:,} failed" if batch.failed else "",
        causes=tuple(map(_cause_line, shown)),
        more_causes=_more(hidden) if hidden else "",
        note=batch.note,
        tail_label=batch.tail.label if batch.tail else "",
        tail=batch.tail.text if batch.tail else "",
        commands=batch.commands,
        as_of=as_of,
    )


def _shares(batch: BatchSnapshot) -> Shares:
    total = max(batch.total, 1)
    counts = (batch.completed, batch.failed, batch.running, batch.skipped)
    return Shares(*(round(count / total, 6) for count in counts))


def _batch_summary(batch: BatchSnapshot, left: str) -> Iterator[str]:
    if batch.total or batch.phase.is_final:  # else nobody has read its rows yet
        yield f"{batch.finished:,} of {counted(batch.total, 'row')}"
    if batch.phase is not Phase.RUNNING:
        yield batch.phase
    if batch.failed:
        yield f"{batch.failed:,} failed"
    if batch.skipped:
        yield f"{batch.skipped:,} skipped"
    if left:
        yield f"{left} left"
    budget = "" if batch.budget is None else f" of {credits_text(batch.budget)}"
    yield f"{credits_text(batch.credits)}{budget} credits"


def _batch_facts(batch: BatchSnapshot, rows_per_second: float | None, left: str) -> Iterator[Labelled]:
    if batch.total or batch.phase.is_final:
        yield Labelled("done", f"{batch.finished:,} of {batch.total:,}")
    yield Labelled("ok", f"{batch.completed:,}")
    yield Labelled("failed", f"{batch.failed:,}")
    if batch.skipped:
        yield Labelled("skipped", f"{batch.skipped:,}")
    if batch.phase is Phase.RUNNING:
        yield Labelled("running", f"{batch.running:,}")
    if batch.retries:
        yield Labelled("retried", f"{batch.retries:,}")
    if batch.phase is Phase.RUNNING and rows_per_second is not None:
        yield Labelled("rate", f"{rows_per_second:,.1f} rows/s")
    if left:
        yield Labelled("left", left)
    if batch.phase is not Phase.RUNNING and batch.elapsed_seconds:
        yield Labelled("took", duration(batch.elapsed_seconds))
    yield Labelled("tokens", f"{batch.input_tokens:,} in, {batch.output_tokens:,} out")
    yield Labelled("credits", credits_text(batch.credits))
    paid_rows = batch.completed + batch.failed
    if not batch.phase.is_final and paid_rows:
        yield Labelled("projected", credits_text(batch.credits / paid_rows * (batch.total - batch.skipped)))
    if batch.budget is not None:
        yield Labelled("budget", credits_text(batch.budget))


def _left(batch: BatchSnapshot, rows_per_second: float | None) -> str:
    if batch.phase is not Phase.RUNNING or not rows_per_second or batch.finished >= batch.total:
        return ""
    return rough_duration((batch.total - batch.finished) / rows_per_second)


def _job(job: JobSnapshot, as_of: str) -> View:
    done = job.percent / 100
    has_failed = job.phase in {Phase.FAILED, Phase.CANCELLED}
    return View(
        title=job.title,
        models=job.model,
        phase=job.phase,
        shares=Shares(0.0, done, 0.0) if has_failed else Shares(done, 0.0, 0.0),
        percent=job.percent,
        summary=", ".join(_job_summary(job)),
        facts=tuple(_job_facts(job)),
        failures="" if job.error is None else ("failed" if job.phase is Phase.FAILED else "last attempt"),
        causes=() if job.error is None else (_job_error(job.error),),
        more_causes="",
        note=job.note,
        tail_label=job.tail.label if job.tail else "",
        tail=job.tail.text if job.tail else "",
        commands=job.commands,
        as_of=as_of,
    )


def _job_summary(job: JobSnapshot) -> Iterator[str]:
    yield f"{job.percent} %"
    if job.message and not job.phase.is_final:
        yield job.message
    elif job.phase is not Phase.RUNNING:
        yield job.phase
    if job.attempt > 1:
        yield f"attempt {job.attempt} of {job.max_attempts}"
    if job.credits is not None:
        yield f"{credits_text(job.credits)} credits"


def _job_facts(job: JobSnapshot) -> Iterator[Labelled]:
    yield Labelled("done", f"{job.percent} %")
    if job.message:
        yield Labelled("stage", job.message)
    if job.attempt:
        yield Labelled("attempt", f"{job.attempt} of {job.max_attempts}")
    if job.elapsed_seconds is not None:
        yield Labelled("took", duration(job.elapsed_seconds))
    if job.input_tokens is not None:
        yield Labelled("tokens", f"{job.input_tokens:,} in, {job.output_tokens or 0:,} out")
    if job.credits is not None:
        yield Labelled("credits", credits_text(job.credits))


def _cause_line(cause: Cause) -> CauseLine:
    numbers = ", ".join(f"{number:,}" for number in cause.examples)
    more = ", …" if cause.count > len(cause.examples) else ""
    noun = "row" if cause.count == 1 else "rows"
    return CauseLine(
        head=f"{cause.count:,} x {cause.code}",
        rows=f"{noun} {numbers}{more}" if numbers else "",
        message=cut(cause.message, MOST_MESSAGE),
    )


def _more(causes: Sequence[Cause]) -> str:
    rows = sum(one.count for one in causes)
    return f"and {counted(len(causes), 'more cause')}, {counted(rows, 'row')}"


def _job_error(cause: Cause) -> CauseLine:
    return CauseLine(head=cause.code, rows="", message=cut(cause.message, MOST_MESSAGE))


def _listed(models: tuple[str, ...]) -> str:
    more = len(models) - MOST_MODELS
    return ", ".join(models[:MOST_MODELS]) + (f" and {more} more" if more > 0 else "")
