"""Who is asked for a text, in which order, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import NamedTuple, assert_never

from pydantic import JsonValue

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import CircuitOpenError, ProviderError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.provider import Finished, GenerationRequest, TextChunk, TokenNeed
from aijobs_sdk.contract.strict_json import read_json
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import expected_tokens, read_tokens
from aijobs_sdk.jobtypes.markdown.sanitise import Safe, Sanitiser, made_safe
from aijobs_sdk.providers.failures import CUT_BEFORE_TEXT, EMPTY, INVALID_OUTPUT
from aijobs_sdk.providers.model import Model

_generation_request = unchecked(GenerationRequest)
_CODE_BLOCK = re.compile(r"\s*```\w*[ \t]*\n(?P<code>.*)```\s*", re.DOTALL)
"""How models write an object where a gateway does not hold them to its schema."""
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
    """Let one model write, show each piece as it comes where somebody watches, and return the whole."""
    model = candidate.model
    raw: list[str] = []
    shown = _Shown(context) if payload.stream else None
    request = request_of(context, payload, candidate)
    answer = context.generate(
        model.provider,
        request,
        timeout_seconds=model.timeout_seconds,
        region=model.route.region,
        need=partial(_need, payload, candidate),
    )
    async with aclosing(answer) as chunks:
        async for chunk in chunks:
            match chunk:
                case TextChunk():
                    raw.append(chunk.text)
                    if shown is not None:
                        await shown.add(chunk.text)
                case Finished():
                    finished = chunk
                case _:
                    assert_never(chunk)
    text = "".join(raw)
    if shown is not None:
        safe = await shown.end()
    else:
        safe = made_safe(text)
        await context.write(safe.text, soon=False)
    return answer_of(model, payload, finished, raw=text, content=safe.text, is_cut=safe.is_cut)


class _Shown:
    """An answer as somebody sees it being written: each piece is made safe, and shown, as it comes."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._sanitiser = Sanitiser()
        self._pieces: list[str] = []

    async def add(self, text: str) -> None:
        """Show what can be shown of the next piece."""
        await self._show(self._sanitiser.feed(text))

    async def end(self) -> Safe:
        """Show the rest; return the whole."""
        await self._show(self._sanitiser.close())
        return Safe("".join(self._pieces), self._sanitiser.truncated)

    async def _show(self, text: str) -> None:
        self._pieces.append(text)
        await self._context.write(text)


def answer_of(
    model: Model, payload: GenerationPayload, finished: Finished, *, raw: str, content: str, is_cut: bool
) -> Answer:
    """Return the answer that a model's whole text is; `content` is that text as it is safe to show.

    Raises:
        ProviderError: it is none.
    """
    if not content.strip() and not finished.tool_calls:
        raise (CUT_BEFORE_TEXT if finished.finish_reason == "length" else EMPTY).error(model.provider)
    output = None if payload.output_schema is None else _parsed(raw)
    if output is None and _had_to_fit(payload, finished):
        raise INVALID_OUTPUT.error(model.provider)
    return Answer(model, content, output, finished, is_cut)


def _need(payload: GenerationPayload, candidate: Candidate) -> TokenNeed:
    """Return about how many tokens are read and written, as a quote has it."""
    count = read_tokens(payload, candidate.model.tokenizer)
    return TokenNeed(count.tokens, expected_tokens(payload, candidate.most_tokens))


def _parsed(text: str) -> Mapping[str, JsonValue] | None:
    """Return the object that the text is; None where it is none, or one that could not be kept."""
    text = text.removeprefix("\ufeff")
    in_a_block = _CODE_BLOCK.fullmatch(text)
    try:
        parsed = read_json(in_a_block["code"] if in_a_block else text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _had_to_fit(payload: GenerationPayload, finished: Finished) -> bool:
    """Return whether the answer had to be an object: not one that was cut off, or that a tool's call stands in for."""
    return payload.output_schema is not None and not payload.keep_unfit and finished.finish_reason == "stop"


def request_of(context: JobContext, payload: GenerationPayload, candidate: Candidate) -> GenerationRequest:
    """Return what the provider is asked."""
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
