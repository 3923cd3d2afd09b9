"""`block_generate` and `block_refine`: a block gets a text, and leaves a revision."""

from __future__ import annotations

from collections.abc import Callable

from aijobs_sdk.contract.blocks import BlockChange, RevisionKind
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.results import BlockResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.blocks.asking import P, ask, block_job_type
from aijobs_sdk.jobtypes.blocks.payload import BlockPayload, RefinePayload
from aijobs_sdk.jobtypes.blocks.subject import Subject
from aijobs_sdk.jobtypes.blocks.words import Words, to_generate, to_refine
from aijobs_sdk.jobtypes.generation.writers import Writers


def block_generate(writers: Writers) -> JobType[BlockPayload]:
    """Return the job type that fills a block from its prompt."""

    async def run(context: JobContext, payload: BlockPayload) -> BlockResult:
        return await _change(context, payload, writers, _words_to_generate, kind="generate")

    return block_job_type("block_generate", BlockPayload, run, writers)


def block_refine(writers: Writers) -> JobType[RefinePayload]:
    """Return the job type that rewrites a block by feedback."""

    async def run(context: JobContext, payload: RefinePayload) -> BlockResult:
        return await _change(context, payload, writers, _words_to_refine, kind="refine")

    return block_job_type("block_refine", RefinePayload, run, writers)


def _words_to_generate(subject: Subject, payload: BlockPayload) -> Words:
    return to_generate(subject, payload.prompt)


def _words_to_refine(subject: Subject, payload: RefinePayload) -> Words:
    return to_refine(subject, payload.prompt)


async def _change(
    context: JobContext, payload: P, writers: Writers, words: Callable[[Subject, P], Words], *, kind: RevisionKind
) -> BlockResult:
    answered = await ask(context, payload, writers, words)
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
    return BlockResult(
        document_id=payload.document_id,
        block_id=payload.block_id,
        revision_id=change.revision_id,
        content=change.content,
        **dict(answered.told),
    )
