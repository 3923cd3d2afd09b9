"""What is written down about a text that a model wrote: what its result tells, its usage row, its lineage."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.records import LineageEvent, UsageRow
from aijobs_sdk.contract.results import WritingResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.writing import Answer
from aijobs_sdk.jobtypes.latency import latency_text
from aijobs_sdk.providers.models import ModelTable

# Of values that are checked already.
_lineage = unchecked(LineageEvent)
_usage_row = unchecked(UsageRow)


def told_of(context: JobContext, payload: GenerationPayload, answer: Answer, models: ModelTable) -> WritingResult:
    """Return what every result tells; one that was quoted to nobody is billed as it was metered."""
    finished, model = answer.finished, answer.model
    metered = models.credits(
        model,
        finished.input_tokens,
        finished.output_tokens,
        at=context.clock.now(),
        cached_input_tokens=finished.cached_input_tokens,
    )
    return WritingResult(
        input_tokens=finished.input_tokens,
        output_tokens=finished.output_tokens,
        cached_input_tokens=finished.cached_input_tokens,
        reasoning_tokens=finished.reasoning_tokens,
        model=model.name,
        served_model=finished.served_model,
        provider=model.provider,
        finish_reason="length" if answer.is_cut else finished.finish_reason,
        credits_used=metered if payload.estimated_credits is None else payload.estimated_credits,
        metered_credits=metered,
    )


def author_of(context: JobContext, payload: GenerationPayload) -> UUID:
    """Return on whose behalf the text was written."""
    return payload.user_id or context.job.user_id


def lineage_of(
    context: JobContext, payload: GenerationPayload, told: WritingResult, *, document_id: UUID, content: str
) -> LineageEvent:
    """Return the entry in a document's history that says that a model wrote this."""
    return _lineage(
        id=new_id(),
        tenant_id=context.job.tenant_id,
        document_id=document_id,
        job_id=context.job.id,
        model=told.model,
        provider=told.provider,
        prompt_length=len(payload.prompt),
        output_length=len(content),
        actor_id=author_of(context, payload),
        at=context.clock.now(),
    )


def usage_of(
    context: JobContext,
    payload: GenerationPayload,
    answer: Answer,
    told: WritingResult,
    *,
    query_type: str,
    about: Mapping[str, UUID],
) -> UsageRow:
    """Return what the text is billed at; `about` names what it was written for, in the metadata."""
    now = context.clock.now()
    return _usage_row(
        id=new_id(),
        tenant_id=context.job.tenant_id,
        user_id=author_of(context, payload),
        query_type=query_type,
        model=told.model,
        provider=told.provider,
        input_tokens=told.input_tokens,
        output_tokens=told.output_tokens,
        credits_used=told.credits_used,
        metadata={
            **_metadata(context, payload, answer, told, about),
            "latency_seconds": latency_text(context.began_at, now),
        },
        month_year=month_of(now),
        created_at=now,
    )


def _metadata(
    context: JobContext, payload: GenerationPayload, answer: Answer, told: WritingResult, about: Mapping[str, UUID]
) -> Mapping[str, str | int]:
    metadata: dict[str, str | int] = {
        "job_id": str(context.job.id),
        **{name: str(one) for name, one in about.items()},
        "metered_credits": format(told.metered_credits, "f"),
        "attempts": context.attempt,
        "finish_reason": told.finish_reason,
    }
    finished = answer.finished
    beside: dict[str, str | int | None] = {
        "asked_model": payload.model if payload.model != told.model else None,
        "served_model": finished.served_model,
        "response_id": finished.response_id,
        "cached_input_tokens": finished.cached_input_tokens or None,
        "reasoning_tokens": finished.reasoning_tokens or None,
    }
    return metadata | {name: value for name, value in beside.items() if value is not None}
