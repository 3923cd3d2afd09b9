"""What a job costs at most is what it may be held to: then it is neither refused nor cut short, and costs no more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload
from aijobs_sdk.jobtypes.generation.quote import estimate
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.providers.model import Model, Route
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.prices import Price
from aijobs_sdk.providers.token_counts import load_vocabulary

PRICE = Price(input=Decimal("0.0000017"), output=Decimal("0.0331"), source="our contract", as_of=date(2026, 11, 22))
ODD = Model(
    name="odd",
    fallbacks=("claude-opus-4.5",),
    routes=(Route(provider="openai", model_id="odd", price=PRICE),),
)
EITHER = Model(
    name="either",
    routes=(
        Route(provider="bedrock", model_id="either", price=PRICE.replace(output=Decimal(20))),
        Route(provider="anthropic", model_id="either", price=PRICE.replace(output=Decimal(30))),
    ),
)
MODELS = ModelTable.load().with_models(ODD)
NAMES = ["gpt-5.2", "claude-sonnet-4.5", "gemini-3-flash", "odd"]
payloads = st.builds(
    GenerationPayload,
    model=st.sampled_from(NAMES),
    prompt=st.one_of(
        st.integers(1, 3_000).map(lambda words: " ".join(f"word{n}" for n in range(words))),
        st.text(min_size=1).filter(lambda text: bool(text.strip())),
    ),
    system=st.none() | st.just("Be brief."),
    messages=st.lists(st.just({"role": "user", "content": "Well?"}), max_size=3),
    fallback=st.booleans(),
    max_tokens=st.integers(1, 64_000),
)


@pytest.fixture(autouse=True, scope="module")
def _vocabulary() -> None:
    assert load_vocabulary("o200k_base")


def most_of(payload: GenerationPayload, models: ModelTable) -> Decimal:
    writers = Writers(models)
    model = writers.asked(payload)
    most = estimate(payload, model, models, writers.count(payload, model, by_vocabulary=True)).most_credits
    assert most is not None
    return most


@pytest.mark.parametrize("by_vocabulary", [False, True])
@pytest.mark.parametrize("models", [MODELS, EconomyTable.of(MODELS)], ids=["at once", "economy"])
@settings(max_examples=60, deadline=None)
@given(payload=payloads)
def test_a_job_that_is_held_to_its_most_is_taken_and_not_cut_short(
    models: ModelTable, by_vocabulary: bool, payload: GenerationPayload
) -> None:
    writers = Writers(models, quotes_by_vocabulary=by_vocabulary)
    held = payload.replace(max_credits=most_of(payload, models))
    asked = writers.asked(held)
    may_answer = [asked, *(models.get(name) for name in asked.fallbacks if held.fallback)]
    assert {writers.candidate(held, model).most_tokens for model in may_answer} == {payload.max_tokens}


@pytest.mark.parametrize("payload", [{"model": "either"}, {"model": "gemini-3-flash", "fallback": ("either",)}])
def test_what_a_job_costs_at_most_holds_by_whichever_route_it_is_called(payload: dict[str, object]) -> None:
    models = MODELS.with_models(EITHER)
    asked = GenerationPayload.model_validate({"prompt": "Write.", "max_tokens": 1_000, **payload})
    held = asked.replace(max_credits=most_of(asked, models))

    assert Writers(models).candidate(held, EITHER.via("anthropic")).most_tokens == 1_000


@pytest.mark.parametrize("by_vocabulary", [False, True])
@settings(max_examples=60, deadline=None)
@given(payload=payloads)
def test_no_answer_to_such_a_job_costs_more(by_vocabulary: bool, payload: GenerationPayload) -> None:
    writers = Writers(MODELS, quotes_by_vocabulary=by_vocabulary)
    asked = writers.asked(payload)
    may_answer = [asked, *(MODELS.get(name) for name in asked.fallbacks if payload.fallback)]
    read = {model: writers.count(payload, model).tokens for model in may_answer}
    longest = payload.max_tokens or 0
    assert max(MODELS.credits(model, read[model], longest) for model in may_answer) <= most_of(payload, MODELS)
