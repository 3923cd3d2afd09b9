"""What a text would cost, and how long it may become for what may be spent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.jobtypes.generation.checks import refused
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import CREDIT_STEP, ModelTable
from aijobs_sdk.providers.prompt_parts import TOKENS_PER_IMAGE, tool_object
from aijobs_sdk.providers.token_counts import EncodingName, TokenCount, count_tokens, is_at_hand

EXPECTED_OUTPUT_TOKENS = 500
"""What a quote assumes for an answer whose length nobody limited."""
MARGIN = Decimal("1.25")
"""By how much an estimated prompt may turn out longer: a cap has to hold for it, too."""
MOST_TOKENS_A_CHARACTER = 4
"""As many as it has bytes: no vocabulary parts these, and no estimate is higher."""
FRAME_TOKENS = 16
"""What a vendor may put around each turn, beside its words: OpenAI's cookbook counts 3 to 7. Own choice, to be safe."""


def read_tokens(
    payload: GenerationPayload, tokenizer: EncodingName | None, vocabularies: Path | None = None
) -> TokenCount:
    """Return about how many tokens a model reads: prompt, instructions, earlier turns, pictures and schemas.

    They are counted by the vocabulary of this name, if it was loaded, and estimated otherwise.
    """
    encoding = tokenizer if tokenizer is not None and is_at_hand(tokenizer) else None
    counts = [count_tokens(text, encoding, cache_folder=vocabularies) for text in _texts(payload)]
    return TokenCount(sum(count.tokens for count in counts) + _tokens_of_images(payload), counts[0].method)


def most_read_tokens(payload: GenerationPayload) -> int:
    """Return how many tokens `read_tokens()` may come to, without counting any."""
    return MOST_TOKENS_A_CHARACTER * sum(map(len, _texts(payload))) + _tokens_of_images(payload)


def _tokens_of_images(payload: GenerationPayload) -> int:
    images = len(payload.images) + sum(len(message.images) for message in payload.messages)
    return TOKENS_PER_IMAGE * images


def estimate(payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount) -> Estimate:
    """Return what the job is expected to cost at this model."""
    most = most_output_tokens(payload, model, models, count)
    return Estimate(
        model=model.name,
        provider=model.provider,
        input_tokens=count.tokens,
        token_method=count.method,
        output_tokens=expected_tokens(payload, most),
        most_output_tokens=most,
        credits=quoted_credits(payload, model, models, count),
        most_credits=most_credits(payload, model, models, count),
    )


def quoted_credits(payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount) -> Decimal:
    """Return what the user is quoted, and billed.

    Raises:
        InvalidRequestError: `max_credits` do not even pay for the prompt.
    """
    expected = expected_tokens(payload, most_output_tokens(payload, model, models, count))
    if payload.estimated_credits is not None:
        return payload.estimated_credits
    return models.credits(model, count.tokens, expected)


def most_output_tokens(payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount) -> int | None:
    """Return how long an answer there can be; None where nothing limits it.

    Raises:
        InvalidRequestError: `max_credits` do not even pay for the prompt.
    """
    limits = (payload.max_tokens, model.max_output_tokens, _affordable_tokens(payload, model, models, count))
    return min((limit for limit in limits if limit is not None), default=None)


def most_credits(payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount) -> Decimal | None:
    """Return what the job costs at most, whoever answers; None where nothing limits that.

    With as many `max_credits` it is neither refused nor cut short, however whoever runs it counts the prompt.
    """
    each = [_most_at(one, payload, models, read) for one, read in _who_may_answer(payload, model, models, count)]
    dearest = None if None in each else max(cost for cost in each if cost is not None)
    return min((limit for limit in (payload.max_credits, dearest) if limit is not None), default=None)


def expected_tokens(payload: GenerationPayload, most: int | None) -> int:
    """Return about how long an answer is that is at most so long."""
    expected = payload.max_tokens or EXPECTED_OUTPUT_TOKENS
    return expected if most is None else min(expected, most)


def _affordable_tokens(payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount) -> int | None:
    """Return how many tokens of an answer `max_credits` pay for beside the prompt; None where nothing caps them.

    Raises:
        InvalidRequestError: they do not even pay for the prompt.
    """
    if payload.max_credits is None:
        return None
    read = _longest_reading(payload, count)
    left = payload.max_credits - models.credits(model, read, 0)
    price = _price(model, models)
    tokens = int((left / price).to_integral_value(ROUND_FLOOR)) if price else model.max_output_tokens
    if tokens is not None and tokens < 1:
        raise refused(
            "max_credits",
            f"is {payload.max_credits:f}, and {model.name} charges about {models.credits(model, read, 0):f} for the "
            "prompt alone: allow more, or shorten it",
            code="over_budget",
        )
    return tokens


def _price(model: Model, models: ModelTable) -> Decimal:
    """Return what a token of an answer costs."""
    return models.credits(model, 0, 1_000_000) / 1_000_000


def _who_may_answer(
    payload: GenerationPayload, model: Model, models: ModelTable, count: TokenCount
) -> Iterator[tuple[Model, int]]:
    """Yield the model and those that may stand in for it, by each route, with the most that each may read."""
    roughly = _longest_reading(payload, read_tokens(payload, None))
    for way in models.ways(model, payload.provider):
        yield way, max(roughly, _longest_reading(payload, count))
    for name in model.fallbacks if payload.fallback is True else payload.fallback or ():
        other = models.get(name)
        read = max(roughly, _longest_reading(payload, read_tokens(payload, other.tokenizer)))
        for way in models.ways(other):
            yield way, read


def _most_at(model: Model, payload: GenerationPayload, models: ModelTable, read: int) -> Decimal | None:
    """Return for how many credits `_affordable_tokens()` allows the longest answer; None where nothing limits one."""
    limits = (payload.max_tokens, model.max_output_tokens)
    longest = min((limit for limit in limits if limit is not None), default=None)
    if longest is None:
        return None
    written = (_price(model, models) * longest).quantize(CREDIT_STEP, rounding=ROUND_CEILING)
    return models.credits(model, read, 0) + written


def _longest_reading(payload: GenerationPayload, count: TokenCount) -> int:
    words = count.tokens if count.method.startswith("exact:") else int((count.tokens * MARGIN).to_integral_value())
    return words + FRAME_TOKENS * (len(payload.messages) + 1)


def _texts(payload: GenerationPayload) -> list[str]:
    texts = [payload.prompt, *(message.content for message in payload.messages)]
    if payload.system:
        texts.append(payload.system)
    calls = [call.arguments for message in payload.messages for call in message.tool_calls]
    tools = [tool_object(tool.name, tool.description, tool.parameters) for tool in payload.tools]
    return [*texts, *(json.dumps(one) for one in (*calls, *tools, payload.output_schema or "") if one)]
