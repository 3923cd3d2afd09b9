"""`ai_generation`: a prompt becomes a document, with its lineage and its usage row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.records import Document, Effects, LineageEvent, UsageRow
from aijobs_sdk.contract.results import GenerationResult, ToolCallResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.generation.checks import check_fit, refused
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import estimate, most_output_tokens, quoted_credits, read_tokens
from aijobs_sdk.jobtypes.generation.writing import Answer, Candidate, write
from aijobs_sdk.jobtypes.markdown.titles import title_of
from aijobs_sdk.providers.models import Model, ModelTable
from aijobs_sdk.providers.token_counts import TokenCount, is_at_hand, load_vocabulary

# Of values that are checked already.
_effects_of = unchecked(Effects)
_document = unchecked(Document)
_lineage = unchecked(LineageEvent)
_usage_row = unchecked(UsageRow)


def ai_generation(
    models: ModelTable, *, quotes_by_vocabulary: bool = False, vocabularies: Path | None = None
) -> JobType[GenerationPayload]:
    """Return the job type, which knows these models.

    A job is quoted by the vocabulary of its model where `quotes_by_vocabulary` says so, else by an estimate: simulated
    providers count by that. Estimates before submit are always by the vocabulary, where it is at hand. `vocabularies`
    is a folder where tiktoken keeps its own.
    """

    def checked_count(
        payload: GenerationPayload, model: Model, *, by_vocabulary: bool = quotes_by_vocabulary
    ) -> TokenCount:
        count = read_tokens(payload, model.tokenizer if by_vocabulary else None, vocabularies)
        check_fit(payload, model, count.tokens)
        return count

    def most_tokens(payload: GenerationPayload, model: Model) -> int | None:
        return most_output_tokens(payload, model, models, checked_count(payload, model))

    async def run(context: JobContext, payload: GenerationPayload) -> GenerationResult:
        asked = _asked(payload, models, context.can_ask)
        candidates = [
            Candidate(model, most_tokens(payload, model) if _is_limited(payload) else None)
            for model in (asked, *_fallbacks(payload, asked, models, most_tokens))
        ]
        await context.progress(5, f"Asking {asked.name}")
        answer = await write(context, payload, candidates)
        await context.progress(95, "Saving the document")
        result = _result(context, payload, answer, models)
        context.effects = _effects(context, payload, answer, result)
        return result

    def prepare(payload: GenerationPayload) -> GenerationPayload:
        asked = _asked(payload, models)
        quoted = quoted_credits(payload, asked, models, checked_count(payload, asked))
        if payload.fallback and not [*_fallbacks(payload, asked, models, most_tokens)]:
            raise refused("fallback", f"allows it, but there is no other model to take this instead of {asked.name}")
        return payload.replace(estimated_credits=quoted)

    async def load(model: Model) -> None:
        if model.tokenizer is not None and not is_at_hand(model.tokenizer):
            await asyncio.to_thread(load_vocabulary, model.tokenizer, cache_folder=vocabularies)

    async def get_ready(payloads: Sequence[Mapping[str, object]]) -> None:
        names = {name for payload in payloads if isinstance(name := payload.get("model"), str)}
        for model in models:
            if model.name in names:
                await load(model)

    async def estimate_cost(payload: GenerationPayload) -> Estimate:
        asked = _asked(payload, models)
        await load(asked)
        return estimate(payload, asked, models, checked_count(payload, asked, by_vocabulary=True))

    return JobType(
        name="ai_generation",
        payload_model=GenerationPayload,
        run=run,
        prepare=prepare,
        get_ready=get_ready if quotes_by_vocabulary else None,
        estimate=estimate_cost,
    )


def _asked(payload: GenerationPayload, models: ModelTable, can_ask: Callable[[str], bool] | None = None) -> Model:
    """Return the model, by the route that was named, else by the first that is set up here."""
    model = models.get(payload.model)
    if payload.provider is not None:
        return model.via(payload.provider)
    return model if can_ask is None else model.via_first(can_ask)


def _fallbacks(
    payload: GenerationPayload, asked: Model, models: ModelTable, check: Callable[[GenerationPayload, Model], object]
) -> Iterator[Model]:
    """Yield the models that may answer instead; one that the caller names has to be able to, others are left out.

    Raises:
        InvalidRequestError: one that the caller names cannot do what is asked.
    """
    named = asked.fallbacks if isinstance(payload.fallback, bool) else payload.fallback
    for name in named if payload.fallback else ():
        try:
            model = models.get(name)
            check(payload, model)
        except InvalidRequestError as unfit:
            if not isinstance(payload.fallback, bool):
                raise refused(
                    "fallback", f"names {name!r}, which cannot take this: {unfit.message.rstrip('.')}"
                ) from None
        else:
            yield model


def _is_limited(payload: GenerationPayload) -> bool:
    return payload.max_tokens is not None or payload.max_credits is not None


def _result(context: JobContext, payload: GenerationPayload, answer: Answer, models: ModelTable) -> GenerationResult:
    finished, model = answer.finished, answer.model
    metered = models.credits(
        model,
        finished.input_tokens,
        finished.output_tokens,
        at=context.clock.now(),
        cached_input_tokens=finished.cached_input_tokens,
    )
    return GenerationResult(
        document_id=new_id(),
        title=title_of(answer.content, payload.prompt),
        content=answer.content,
        output=answer.output,
        tool_calls=tuple(ToolCallResult(**dict(call)) for call in finished.tool_calls),
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


def _effects(context: JobContext, payload: GenerationPayload, answer: Answer, result: GenerationResult) -> Effects:
    job, now = context.job, context.clock.now()
    author = payload.user_id or job.user_id
    return _effects_of(
        documents=(
            _document(
                id=result.document_id,
                tenant_id=job.tenant_id,
                author_id=author,
                job_id=job.id,
                title=result.title,
                content=result.content,
                created_at=now,
            ),
        ),
        lineage=(
            _lineage(
                id=new_id(),
                tenant_id=job.tenant_id,
                document_id=result.document_id,
                job_id=job.id,
                model=result.model,
                provider=result.provider,
                prompt_length=len(payload.prompt),
                output_length=len(result.content),
                actor_id=author,
                at=now,
            ),
        ),
        usage=(
            _usage_row(
                id=new_id(),
                tenant_id=job.tenant_id,
                user_id=author,
                query_type="text_generation",
                model=result.model,
                provider=result.provider,
                input_tokens=result.input_tokens,
                output_tokens=result.output_tokens,
                credits_used=result.credits_used,
                metadata=_usage_metadata(context, payload, answer, result),
                month_year=month_of(now),
                created_at=now,
            ),
        ),
    )


def _usage_metadata(
    context: JobContext, payload: GenerationPayload, answer: Answer, result: GenerationResult
) -> Mapping[str, str | int]:
    metadata: dict[str, str | int] = {
        "job_id": str(context.job.id),
        "document_id": str(result.document_id),
        "metered_credits": format(result.metered_credits, "f"),
        "attempts": context.attempt,
        "finish_reason": result.finish_reason,
    }
    finished = answer.finished
    beside: dict[str, str | int | None] = {
        "asked_model": payload.model if payload.model != result.model else None,
        "served_model": finished.served_model,
        "response_id": finished.response_id,
        "cached_input_tokens": finished.cached_input_tokens or None,
        "reasoning_tokens": finished.reasoning_tokens or None,
    }
    return metadata | {name: value for name, value in beside.items() if value is not None}
