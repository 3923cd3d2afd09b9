"""What a completed job hands back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from aijobs_sdk.contract.errors import InvalidOutputError
from aijobs_sdk.contract.pictures import gallery
from aijobs_sdk.contract.refusal import in_words
from aijobs_sdk.contract.shapes import problems_of
from aijobs_sdk.contract.showing import (
    counted,
    folded,
    full_cell,
    heading,
    known_facts,
    long_text,
    short_repr,
    tokens_text,
    values_table,
)
from aijobs_sdk.markup import markup, table


class JobResult(BaseModel):
    """A job type's own result, its fields as attributes.

    Unlike the other facts it keeps fields it does not know: a result outlives the version that wrote it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    def __repr__(self) -> str:
        return short_repr(self)  # it stands beside what a page shows, in each notebook that is saved

    def _repr_html_(self) -> str:
        return markup(heading(type(self).__name__), values_table(dict(self)))


class ToolCallResult(BaseModel):
    """A function that the model wants to have called, with these arguments."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    """Names the call in the message that answers it (`tool_call_id`)."""
    name: str
    arguments: Mapping[str, JsonValue]
    signature: str | None = None
    """Goes back with the call, unread: Gemini knows by it what it thought."""


class WritingResult(JobResult):
    """What is known of every text that a model wrote: how long it is, who wrote it, and what it cost."""

    input_tokens: int
    """As the provider counted them, like the next three."""
    output_tokens: int
    cached_input_tokens: int = 0
    """Of `input_tokens`, those that the provider still knew from before."""
    reasoning_tokens: int = 0
    """Of `output_tokens`, those that are not in the text."""
    model: str
    """The one that answered: another than was asked for only where `fallback` allowed it."""
    served_model: str | None = None
    """Its name in the provider's own words, with its version."""
    provider: str
    finish_reason: str
    """`stop`, `tool_calls`, or `length` for an answer that was cut off."""
    credits_used: Decimal
    """What the user was quoted: the payload's `estimated_credits`."""
    metered_credits: Decimal
    """What the provider's own token counts cost by the price list."""

    def _facts(self) -> dict[str, object]:
        return {
            "model": self.model,
            "provider": self.provider,
            "tokens": tokens_text(self.input_tokens, self.output_tokens),
            "credits": self.credits_used,
            "finish_reason": self.finish_reason,
        }


class GenerationResult(WritingResult):
    """The result of `ai_generation`."""

    document_id: UUID
    title: str
    content: str
    """Sanitised Markdown."""
    output: Any = None
    """The answer as an object, where a schema was asked for: an instance of the `output_model` it was submitted with,
    else a dict."""
    tool_calls: tuple[ToolCallResult, ...] = ()

    def _repr_html_(self) -> str:
        calls = ([one.name, full_cell(one.arguments)] for one in self.tool_calls)
        return markup(
            heading(self.title),
            long_text(self.content, whole="content"),
            table(["tool", "arguments"], calls) if self.tool_calls else None,
            folded("output", {} if self.output is None else {type(self.output).__name__: self.output}),
            known_facts(self._facts()),
        )


class BlockResult(WritingResult):
    """The result of `block_generate` and `block_refine`."""

    document_id: UUID
    block_id: UUID
    revision_id: UUID | None
    """The revision that holds the text; None where it is only proposed."""
    suggestion_id: UUID | None = None
    """The suggestion that holds the text, where it is proposed: `client.apply_suggestion()` makes it the block's."""
    content: str
    """Sanitised Markdown: the block's text from now on, unless it is proposed."""

    def _repr_html_(self) -> str:
        title = heading(f"Block {self.block_id}")
        told = {"proposed as": self.suggestion_id, **self._facts()}
        return markup(title, long_text(self.content, whole="content"), known_facts(told))


class Finding(JobResult):
    """Something to mend in a block."""

    kind: str
    """`unsupported`, `inaccurate`, `unclear`, `incomplete`, `off_goal` or `style`."""
    severity: str
    """`low`, `medium` or `high`."""
    message: str
    """What is wrong, and what would mend it; sanitised, as the quote."""
    quote: str | None = None
    """The words that are meant, as the model has them; None where all are."""


class AnalysisResult(WritingResult):
    """The result of `block_analyze`: the block stays as it is."""

    document_id: UUID
    block_id: UUID
    findings: tuple[Finding, ...]
    """None, where there is nothing to mend."""

    def _repr_html_(self) -> str:
        found = ([one.severity, one.kind, one.message, one.quote or "-"] for one in self.findings)
        return markup(
            heading(f"Block {self.block_id}", counted(len(self.findings), "finding")),
            table(["severity", "kind", "message", "quote"], found) if self.findings else None,
            known_facts(self._facts()),
        )


class GeneratedImage(JobResult):
    """A picture that `image_generation` made."""

    id: UUID
    url: str
    """Where it is: `file:///…` for a folder, else in the place's own words, such as `s3://bucket/…`."""
    media_type: str
    width: int
    """Pixels, as `height`."""
    height: int

    def _repr_html_(self) -> str:
        return gallery([self])


class ImageResult(JobResult):
    """The result of `image_generation`."""

    images: tuple[GeneratedImage, ...]
    """As many as were asked for."""
    input_tokens: int
    """As the provider counted them, over all pictures."""
    output_tokens: int
    model: str
    served_model: str | None = None
    """Its name in the provider's own words."""
    provider: str
    credits_used: Decimal
    """What the user was quoted: the payload's `estimated_credits`."""
    metered_credits: Decimal
    """What the provider's own token counts cost by the price list."""

    def _repr_html_(self) -> str:
        spent = {
            "model": self.model,
            "provider": self.provider,
            "tokens": tokens_text(self.input_tokens, self.output_tokens),
            "credits": self.credits_used,
        }
        return markup(gallery(self.images), known_facts(spent))


_RESULT_OF: Mapping[str, type[JobResult]] = {
    "ai_generation": GenerationResult,
    "image_generation": ImageResult,
    "block_generate": BlockResult,
    "block_refine": BlockResult,
    "block_analyze": AnalysisResult,
}


def with_output(result: JobResult, model: type[BaseModel]) -> JobResult:
    """Return the result with its `output` as an instance of this model; one that called a tool instead has none.

    Raises:
        InvalidOutputError: the answer does not fit, or was cut off.
    """
    output: object = getattr(result, "output", None)
    calls: object = getattr(result, "tool_calls", None)
    if output is None and calls:
        return result
    if output is None:
        raise InvalidOutputError(result, model, "it was cut off: allow more `max_tokens`")
    try:
        return result.model_copy(update={"output": model.model_validate(output)})
    except ValidationError as error:
        problems = problems_of(error, known=model.model_fields)
        listed = in_words(problems)
        raise InvalidOutputError(result, model, listed) from None


def read_result(job_type: str, data: Mapping[str, JsonValue]) -> JobResult:
    """Return the stored result of a job as its type's result class."""
    return _RESULT_OF.get(job_type, JobResult).model_validate(data)
