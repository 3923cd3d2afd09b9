"""`block_generate` and `block_refine`: a block gets a text, or somebody is shown one to decide about."""

from __future__ import annotations

from uuid import UUID

from aijobs_sdk.contract.blocks import BlockChange, RevisionKind
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.results import BlockResult
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.blocks.asking import Answered, ask, block_job_type
from aijobs_sdk.jobtypes.blocks.payload import BlockPayload, RefinePayload
from aijobs_sdk.jobtypes.blocks.subject import Subject
from aijobs_sdk.jobtypes.blocks.words import Words, to_generate, to_refine
from aijobs_sdk.jobtypes.generation.account import author_of
from aijobs_sdk.jobtypes.generation.writers import Writers


def block_generate(writers: Writers) -> JobType[BlockPayload]:
    """Return the job type that fills a block from its prompt."""

    async def run(context: JobContext, payload: BlockPayload) -> BlockResult:
        answered = await ask(context, payload, writers, _words_to_generate)
        if answered.block.content and _is_cut_off(answered):
            return await _propose(context, payload, answered)
        return await _change(context, payload, answered, kind="generate")

    return block_job_type("block_generate", BlockPayload, run, writers)


def block_refine(writers: Writers) -> JobType[RefinePayload]:
    """Return the job type that rewrites a block by feedback, or proposes to."""

    async def run(context: JobContext, payload: RefinePayload) -> BlockResult:
        answered = await ask(context, payload, writers, _words_to_refine)
        if payload.propose or _is_cut_off(answered):
            return await _propose(context, payload, answered)
        return await _change(context, payload, answered, kind="refine")

    return block_job_type("block_refine", RefinePayload, run, writers)


def _is_cut_off(answered: Answered) -> bool:
    """Return whether the answer is the beginning of a text, which must not take the place of a whole one."""
    return answered.told.finish_reason == "length"


def _words_to_generate(subject: Subject, payload: BlockPayload) -> Words:
    return to_generate(subject, payload.prompt)


def _words_to_refine(subject: Subject, payload: RefinePayload) -> Words:
    return to_refine(subject, payload.prompt)


async def _change(context: JobContext, payload: BlockPayload, answered: Answered, *, kind: RevisionKind) -> BlockResult:
    """Make the answer the block's text, together with the job's completion."""
    await context.progress(95, "Saving the block")
    change = BlockChange(
        revision_id=new_id(),
        tenant_id=context.job.tenant_id,
        block_id=payload.block_id,
        content=answered.answer.content,
        kind=kind,
        job_id=context.job.id,
        at=context.clock.now(),
    )
    context.effects = Effects(
        blocks=(change,), lineage=(answered.lineage(context, payload),), usage=(answered.usage(context, payload),)
    )
    return _result(payload, answered, revision_id=change.revision_id)


async def _propose(context: JobContext, payload: BlockPayload, answered: Answered) -> BlockResult:
    """Leave the answer for somebody to apply; lineage has it once that is done."""
    await context.progress(95, "Saving the suggestion")
    suggestion = Suggestion(
        id=new_id(),
        tenant_id=context.job.tenant_id,
        document_id=payload.document_id,
        block_id=payload.block_id,
        job_id=context.job.id,
        user_id=author_of(context, answered.text),
        model=answered.told.model,
        provider=answered.told.provider,
        prompt_length=len(answered.text.prompt),
        content=answered.answer.content,
        based_on=answered.block.revision,
        created_at=context.clock.now(),
    )
    context.effects = Effects(suggestions=(suggestion,), usage=(answered.usage(context, payload),))
    return _result(payload, answered, suggestion_id=suggestion.id)


def _result(
    payload: BlockPayload, answered: Answered, *, revision_id: UUID | None = None, suggestion_id: UUID | None = None
) -> BlockResult:
    return BlockResult(
        document_id=payload.document_id,
        block_id=payload.block_id,
        revision_id=revision_id,
        suggestion_id=suggestion_id,
        content=answered.answer.content,
        **vars(answered.told),
    )
