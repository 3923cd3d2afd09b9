"""The part that all jobs on a block have in common: find it, ask a model about it, and account for the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeVar

from pydantic import JsonValue

from aijobs_sdk.contract.blocks import Block
from aijobs_sdk.contract.records import LineageEvent, UsageRow
from aijobs_sdk.contract.results import JobResult, WritingResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.blocks.payload import BlockPayload
from aijobs_sdk.jobtypes.blocks.subject import Subject, find_subject
from aijobs_sdk.jobtypes.blocks.words import Words
from aijobs_sdk.jobtypes.generation.account import lineage_of, told_of, usage_of
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.jobtypes.generation.writing import Answer

P = TypeVar("P", bound=BlockPayload)
R = TypeVar("R", bound=JobResult)


class Answered(NamedTuple):
    """What a model answered about a block, and to which words."""

    block: Block
    """As it stood when the model was asked."""
    text: GenerationPayload
    answer: Answer
    told: WritingResult

    def lineage(self, context: JobContext, payload: BlockPayload) -> LineageEvent:
        """Return the entry in the document's history, for an answer that becomes a part of it."""
        return lineage_of(context, self.text, self.told, document_id=payload.document_id, content=self.answer.content)

    def usage(self, context: JobContext, payload: BlockPayload) -> UsageRow:
        """Return what the answer is billed at, under the name of the job's type."""
        about = {"document_id": payload.document_id, "block_id": payload.block_id}
        return usage_of(context, self.text, self.answer, self.told, query_type=context.job.type, about=about)


async def ask(
    context: JobContext,
    payload: P,
    writers: Writers,
    words: Callable[[Subject, P], Words],
    *,
    output_schema: Mapping[str, JsonValue] | None = None,
) -> Answered:
    """Return what a model answers to these words about the block.

    Raises:
        InvalidRequestError: there is no such block, or nothing to ask about it, or the model cannot be asked so.
        ProviderError: nobody answered.
    """
    subject = await find_subject(context, payload.document_id, payload.block_id)
    model = payload.model or subject.configuration.model or writers.first().name
    text = payload.as_text(words(subject, payload), model=model, output_schema=output_schema)
    _check(text, writers, context.can_ask)  # what is told, and perhaps by which model, was not known at submit
    answer = await writers.answer(context, text)
    return Answered(subject.block, text, answer, told_of(context, text, answer, writers.models))


def block_job_type(
    name: str, payload_model: type[P], run: Callable[[JobContext, P], Awaitable[R]], writers: Writers
) -> JobType[P]:
    """Return the job type; a model that the job names is checked at submit, any other once the document is known."""

    def prepare(payload: P) -> P:
        if payload.model is not None:
            text = payload.as_text(Words(system="", prompt=payload.prompt or name), model=payload.model)
            _check(text, writers)
        return payload

    return JobType(name=name, payload_model=payload_model, run=run, prepare=prepare)


def _check(text: GenerationPayload, writers: Writers, can_ask: Callable[[str], bool] | None = None) -> None:
    """Refuse what the model cannot do."""
    asked = writers.asked(text, can_ask)
    writers.count(text, asked)
    writers.check_fallback(text, asked)
