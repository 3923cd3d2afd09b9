"""Who is asked for a text, in which order, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple, assert_never

from pydantic import JsonValue

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import CircuitOpenError, ProviderError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.provider import Finished, GenerationRequest, TextChunk
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.markdown.sanitise import Sanitiser
from aijobs_sdk.providers.failures import CUT_BEFORE_TEXT, EMPTY, INVALID_OUTPUT
from aijobs_sdk.providers.models import Model

_generation_request = unchecked(GenerationRequest)
OUTAGES = frozenset({ErrorCategory.PROVIDER, ErrorCategory.TIMEOUT})


class Candidate(NamedTuple):
    """A model that may be asked."""

    model: Model
    """Called by its first route."""
    most_tokens: int | None
    """How long its answer may be; None: as long as it likes."""


class Answer(NamedTuple):
    """A text as a model wrote it, and as it is safe to show."""

    model: Model
    content: str
    output: Mapping[str, JsonValue] | None
    """What it holds, where it had to fit a schema; None where it was cut off."""
    finished: Finished
    is_cut: bool
    """Whether `content` ends before the answer does."""


async def write(context: JobContext, payload: GenerationPayload, candidates: Sequence[Candidate]) -> Answer:
    """Return the answer of the first candidate, or during an outage that of the next one.

    One failed call is no outage: the job is tried again. An outage is an open breaker, and a last attempt that fails.

    Raises:
        ProviderError: there is no answer.
    """
    for candidate in candidates[:-1]:
        try:
            return await _ask(context, payload, candidate)
        except ProviderError as error:
            if not _is_outage(error, context):
                raise
        await context.progress(5, f"{candidate.model.name} is out: asking another model")
        await context.start_over()
    return await _ask(context, payload, candidates[-1])


def _is_outage(error: ProviderError, context: JobContext) -> bool:
    if isinstance(error, CircuitOpenError):
        return True
    return error.category in OUTAGES and context.attempt >= context.job.max_attempts


async def _ask(context: JobContext, payload: GenerationPayload, candidate: Candidate) -> Answer:
    """Let one model write, show each piece as it comes, and return the whole."""
    model, sanitiser = candidate.model, Sanitiser()
    raw: list[str] = []
    safe: list[str] = []
    request = _request(context, payload, candidate)
    answer = context.generate(model.provider, request, timeout_seconds=model.timeout_seconds, region=model.route.region)
    async with aclosing(answer) as chunks:
        async for chunk in chunks:
            match chunk:
                case TextChunk():
                    raw.append(chunk.text)
                    safe.append(sanitiser.feed(chunk.text))
                    await context.write(safe[-1], soon=payload.stream)
                case Finished():
                    finished = chunk
                case _:
                    assert_never(chunk)
    safe.append(sanitiser.close())
    await context.write(safe[-1], soon=payload.stream)
    content = "".join(safe)
    if not content.strip() and not finished.tool_calls:
        raise (CUT_BEFORE_TEXT if finished.finish_reason == "length" else EMPTY).error(model.provider)
    output = None if payload.output_schema is None else _parsed("".join(raw), finished, model.provider)
    return Answer(model, content, output, finished, sanitiser.truncated)


def _parsed(text: str, finished: Finished, provider: str) -> Mapping[str, JsonValue] | None:
    """Return the object that the text is; None for one that was cut off, or that a tool's call stands in for.

    Raises:
        ProviderError: it is none.
    """
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    if finished.finish_reason != "stop":
        return None
    raise INVALID_OUTPUT.error(provider)


def _request(context: JobContext, payload: GenerationPayload, candidate: Candidate) -> GenerationRequest:
    model, job = candidate.model, context.job
    return _generation_request(  # of values that are checked already
        model=model.name,
        model_id=model.route.model_id,
        region=model.route.region,
        endpoint=model.route.endpoint,
        prompt=payload.prompt,
        images=payload.images,
        messages=payload.messages,
        system=payload.system,
        max_output_tokens=candidate.most_tokens,
        temperature=payload.temperature,
        top_p=payload.top_p,
        stop=payload.stop,
        seed=payload.seed,
        reasoning_effort=payload.reasoning_effort,
        tools=payload.tools,
        output_schema=payload.output_schema,
        streamed=payload.stream,
        tenant_id=job.tenant_id,
        job_id=job.id,
        attempt=context.attempt,
        idempotency_token=context.idempotency_token(f"generate/{model.name}"),
        draw_key=context.draw_key,
    )
