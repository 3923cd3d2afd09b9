"""Checking a payload promises to refuse what a submit would, in the same words, without counting it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import most_read_tokens, read_tokens
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.token_counts import load_vocabulary

TYPE = ai_generation(ModelTable.load())


def a_payload(**asked: Any) -> GenerationPayload:
    return GenerationPayload.model_validate({"prompt": "Write.", "model": "gpt-5.2", **asked})


def refusal(check: Callable[[GenerationPayload], GenerationPayload] | None, payload: GenerationPayload) -> str | None:
    assert check is not None
    try:
        check(payload)
    except InvalidRequestError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    "asked",
    [
        {"seed": 1},
        {"temperature": 1, "reasoning_effort": "high"},
        {"provider": "bedrock"},
        {"model": "gpt-9"},
        {"model": "gpt-image-1.5"},
        {"max_credits": "0.001"},
        {"max_tokens": 10**9},
        {"fallback": ["gpt-9"]},
        {"prompt": "word " * 500_000},
        {"system": "word " * 500_000},
        {"messages": [{"role": "user", "content": "word " * 500_000}]},
    ],
)
def test_a_check_refuses_what_a_submit_would_in_the_same_words(asked: dict[str, Any]) -> None:
    payload = a_payload(**asked)
    assert refusal(TYPE.check, payload) == refusal(TYPE.prepare, payload) is not None


@pytest.mark.parametrize("asked", [{}, {"prompt": "word " * 300_000}, {"max_credits": 5}, {"fallback": True}])
def test_what_a_check_lets_pass_can_be_submitted(asked: dict[str, Any]) -> None:
    payload = a_payload(**asked)
    assert refusal(TYPE.check, payload) is refusal(TYPE.prepare, payload) is None


@pytest.mark.parametrize("vocabulary", [None, "o200k_base"])
@given(st.text(min_size=1).filter(str.strip))
@example("1,1.1;1")
@example("\U0001f9d1\u200d\U0001f9bc\U000e0067")
def test_no_text_has_more_tokens_than_it_is_taken_to_have_at_most(vocabulary: Any, text: str) -> None:
    assert vocabulary is None or load_vocabulary(vocabulary)
    payload = a_payload(prompt=text)
    assert read_tokens(payload, vocabulary).tokens <= most_read_tokens(payload)
