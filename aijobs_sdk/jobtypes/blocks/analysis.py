"""`block_analyze`: what is to be mended in a block, which stays as it is."""

from __future__ import annotations

from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.results import AnalysisResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.blocks.asking import ask, block_job_type
from aijobs_sdk.jobtypes.blocks.findings import SCHEMA, findings_in
from aijobs_sdk.jobtypes.blocks.payload import BlockPayload
from aijobs_sdk.jobtypes.blocks.subject import Subject
from aijobs_sdk.jobtypes.blocks.words import Words, to_analyze
from aijobs_sdk.jobtypes.generation.writers import Writers


def block_analyze(writers: Writers) -> JobType[BlockPayload]:
    """Return the job type that lists findings."""

    async def run(context: JobContext, payload: BlockPayload) -> AnalysisResult:
        answered = await ask(context, payload, writers, _words, output_schema=SCHEMA)
        findings = findings_in(answered.answer)
        await context.progress(95, "Saving the findings")
        # Nothing was added to the document: its lineage has no entry.
        context.effects = Effects(usage=(answered.usage(context, payload),))
        return AnalysisResult(
            document_id=payload.document_id,
            block_id=payload.block_id,
            findings=findings,
            **vars(answered.told),
        )

    return block_job_type("block_analyze", BlockPayload, run, writers)


def _words(subject: Subject, payload: BlockPayload) -> Words:
    return to_analyze(subject, payload.prompt)
