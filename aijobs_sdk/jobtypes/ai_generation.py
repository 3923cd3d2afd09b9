"""`ai_generation`: a prompt becomes a document, with its lineage and its usage row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.records import Document, Effects
from aijobs_sdk.contract.results import GenerationResult, ToolCallResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.engine.kept_payload import kept
from aijobs_sdk.jobtypes.generation.account import author_of, lineage_of, told_of, usage_of
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import estimate, quoted_credits
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.jobtypes.generation.writing import Answer
from aijobs_sdk.jobtypes.markdown.titles import title_of
from aijobs_sdk.providers.models import ModelTable

# Of values that are checked already.
_effects = unchecked(Effects)
_document = unchecked(Document)


def ai_generation(
    models: ModelTable, *, quotes_by_vocabulary: bool = False, vocabularies: Path | None = None
) -> JobType[GenerationPayload]:
    """Return the job type, which knows these models.

    A job is quoted by the vocabulary of its model where `quotes_by_vocabulary` says so, else by an estimate: simulated
    providers count by that. Estimates before submit are always by the vocabulary, where it is at hand. `vocabularies`
    is a folder where tiktoken keeps its own.
    """
    writers = Writers(models, quotes_by_vocabulary, vocabularies)

    async def run(context: JobContext, payload: GenerationPayload) -> GenerationResult:
        answer = await writers.answer(context, payload)
        if payload.stream:  # else nobody watches
            await context.progress(95, "Saving the document")
        result = result_of(context, payload, answer, models)
        context.effects = effects_of(context, payload, answer, result)
        return result

    def prepare(payload: GenerationPayload) -> GenerationPayload:
        asked = writers.asked(payload)
        quoted = quoted_credits(payload, asked, models, writers.count(payload, asked))
        writers.check_fallback(payload, asked)
        return payload.replace(estimated_credits=quoted)

    def check(payload: GenerationPayload) -> GenerationPayload:
        is_simple = payload.max_credits is None and not payload.fallback
        return payload if is_simple and writers.fits_for_sure(payload, writers.asked(payload)) else prepare(payload)

    async def get_ready(payloads: Sequence[Mapping[str, object]]) -> None:
        names = {name for payload in payloads if isinstance(name := payload.get("model"), str)}
        for model in models:
            if model.name in names:
                await writers.load(model)

    async def estimate_cost(payload: GenerationPayload) -> Estimate:
        asked = writers.asked(payload)
        await writers.load(asked)
        return estimate(payload, asked, models, writers.count(payload, asked, by_vocabulary=True))

    return JobType(
        name="ai_generation",
        payload_model=GenerationPayload,
        run=run,
        prepare=prepare,
        check=check,
        get_ready=get_ready if quotes_by_vocabulary else None,
        estimate=estimate_cost,
        keep=kept,
    )


def result_of(context: JobContext, payload: GenerationPayload, answer: Answer, models: ModelTable) -> GenerationResult:
    """Return what the job hands back."""
    return GenerationResult(
        document_id=new_id(),
        title=title_of(answer.content, payload.prompt),
        content=answer.content,
        output=answer.output,
        tool_calls=tuple(ToolCallResult(**dict(call)) for call in answer.finished.tool_calls),
        **vars(told_of(context, payload, answer, models)),
    )


def effects_of(context: JobContext, payload: GenerationPayload, answer: Answer, result: GenerationResult) -> Effects:
    """Return what it leaves behind: a document, its lineage and its usage row."""
    document = _document(
        id=result.document_id,
        tenant_id=context.job.tenant_id,
        author_id=author_of(context, payload),
        job_id=context.job.id,
        title=result.title,
        content=result.content,
        created_at=context.clock.now(),
    )
    lineage = lineage_of(context, payload, result, document_id=document.id, content=document.content)
    usage = usage_of(context, payload, answer, result, query_type="text_generation", about={"document_id": document.id})
    return _effects(documents=(document,), lineage=(lineage,), usage=(usage,))
