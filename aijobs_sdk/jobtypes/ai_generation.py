"""`ai_generation`: a prompt becomes a document, with its lineage and its usage row."""

from __future__ import annotations

from contextlib import aclosing
from typing import NamedTuple, assert_never
from uuid import UUID

from pydantic import Field, field_validator

from aijobs_sdk.contract.error_info import ErrorCategory, FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_of
from aijobs_sdk.contract.provider import Finished, GenerationRequest, TextChunk
from aijobs_sdk.contract.records import Credits, Document, Effects, LineageEvent, UsageRow
from aijobs_sdk.contract.results import GenerationResult
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.jobtypes.markdown.sanitise import Sanitiser
from aijobs_sdk.jobtypes.markdown.titles import title_of
from aijobs_sdk.providers.models import Model, ModelTable
from aijobs_sdk.providers.tokens import estimate_tokens

EXPECTED_OUTPUT_TOKENS = 500
"""What a quote assumes for an answer whose length nobody limited."""


class GenerationPayload(Fact):
    """What a text is made from."""

    prompt: str = Field(min_length=1)
    model: str
    """A name from the table of models: `aijobs models`."""
    user_id: UUID | None = None
    """The author of the document; the job's user where it is None."""
    estimated_credits: Credits | None = None
    """What the user was quoted, and is billed; from the price list where it is None."""
    system: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None

    @field_validator("prompt")
    @classmethod
    def _holds_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("should hold more than white space")
        return prompt


class _Answer(NamedTuple):
    content: str
    finished: Finished
    cut: bool


def ai_generation(models: ModelTable) -> JobType[GenerationPayload]:
    """Return the job type, which knows these models."""

    async def run(context: JobContext, payload: GenerationPayload) -> GenerationResult:
        model = models.get(payload.model)
        await context.progress(5, f"Asking {model.name}")
        answer = await _write_answer(context, payload, model)
        await context.progress(95, "Saving the document")
        result = _result(payload, model, answer, models)
        context.effects = _effects(context, payload, result)
        return result

    def prepare(payload: GenerationPayload) -> GenerationPayload:
        model = models.get(payload.model)
        tokens = estimate_tokens(payload.prompt) + estimate_tokens(payload.system or "")
        _check(payload, model, tokens)
        if payload.estimated_credits is not None:
            return payload
        quote = models.credits(model, tokens, payload.max_tokens or EXPECTED_OUTPUT_TOKENS)
        return payload.model_copy(update={"estimated_credits": quote})

    return JobType(name="ai_generation", payload_model=GenerationPayload, run=run, prepare=prepare)


def _check(payload: GenerationPayload, model: Model, prompt_tokens: int) -> None:
    if model.kind != "text":
        raise _refused("model", f"is {model.name!r}, which makes {model.kind}s; `aijobs models` lists those for text")
    if model.context_window is not None and prompt_tokens > model.context_window:
        raise _refused(
            "prompt",
            f"has about {prompt_tokens:,} tokens, and {model.name} reads at most {model.context_window:,}: "
            "shorten it, or choose a model with a larger context window",
            code="context_too_long",
        )
    if model.max_output_tokens is not None and (payload.max_tokens or 0) > model.max_output_tokens:
        problem = f"is {payload.max_tokens:,}, and {model.name} writes at most {model.max_output_tokens:,}"
        raise _refused("max_tokens", problem)


def _refused(field: str, problem: str, code: str = "invalid_payload") -> InvalidRequestError:
    return InvalidRequestError(
        f"Cannot submit this job: `payload.{field}` {problem}.",
        code=code,
        fields=[FieldProblem(field=field, problem=problem)],
    )


async def _write_answer(context: JobContext, payload: GenerationPayload, model: Model) -> _Answer:
    """Let the provider write, show each piece as it comes, and return the whole."""
    sanitiser = Sanitiser()
    pieces: list[str] = []
    request = _request(context, payload)
    answer = context.generate(model.provider, request, timeout_seconds=model.timeout_seconds, region=model.route.region)
    async with aclosing(answer) as chunks:
        async for chunk in chunks:
            match chunk:
                case TextChunk():
                    pieces.append(sanitiser.feed(chunk.text))
                    await context.write(pieces[-1])
                case Finished():
                    finished = chunk
                case _:
                    assert_never(chunk)
    pieces.append(sanitiser.close())
    await context.write(pieces[-1])
    content = "".join(pieces)
    if not content.strip():
        raise _empty(model)
    return _Answer(content, finished, sanitiser.truncated)


def _request(context: JobContext, payload: GenerationPayload) -> GenerationRequest:
    return GenerationRequest(
        model=payload.model,
        prompt=payload.prompt,
        system=payload.system,
        max_output_tokens=payload.max_tokens,
        temperature=payload.temperature,
        top_p=payload.top_p,
        stop=payload.stop,
        seed=payload.seed,
        tenant_id=context.job.tenant_id,
        job_id=context.job.id,
        attempt=context.attempt,
        idempotency_token=context.idempotency_token("generate"),
        draw_key=context.draw_key,
    )


def _result(payload: GenerationPayload, model: Model, answer: _Answer, models: ModelTable) -> GenerationResult:
    finished = answer.finished
    metered = models.credits(model, finished.input_tokens, finished.output_tokens)
    return GenerationResult(
        document_id=new_id(),
        title=title_of(answer.content, payload.prompt),
        content=answer.content,
        input_tokens=finished.input_tokens,
        output_tokens=finished.output_tokens,
        model=model.name,
        provider=model.provider,
        finish_reason="length" if answer.cut else finished.finish_reason,
        credits_used=metered if payload.estimated_credits is None else payload.estimated_credits,
        metered_credits=metered,
    )


def _effects(context: JobContext, payload: GenerationPayload, result: GenerationResult) -> Effects:
    job, now = context.job, context.clock.now()
    author = payload.user_id or job.user_id
    return Effects(
        documents=(
            Document(
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
            LineageEvent(
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
            UsageRow(
                id=new_id(),
                tenant_id=job.tenant_id,
                user_id=author,
                query_type="text_generation",
                model=result.model,
                provider=result.provider,
                input_tokens=result.input_tokens,
                output_tokens=result.output_tokens,
                credits_used=result.credits_used,
                metadata={
                    "job_id": str(job.id),
                    "document_id": str(result.document_id),
                    "metered_credits": format(result.metered_credits, "f"),
                    "attempts": context.attempt,
                    "finish_reason": result.finish_reason,
                },
                month_year=month_of(now),
                created_at=now,
            ),
        ),
    )


def _empty(model: Model) -> ProviderError:
    return ProviderError(
        f"{model.provider} answered with no text.",
        code="empty_answer",
        category=ErrorCategory.PROVIDER,
        provider=model.provider,
        retryable=True,
    )
