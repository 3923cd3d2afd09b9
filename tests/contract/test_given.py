"""What a user writes in Python and cannot be used is refused in our own words: which field, what came, what to do."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

import aijobs_sdk as aijobs
from aijobs_sdk.contract.given import Given

SINCE = date(2026, 11, 22)
PRICE = aijobs.Price(input="1", output="2", source="ours", as_of=SINCE)
FACTS: list[tuple[Callable[..., object], dict[str, object], str]] = [
    (aijobs.Model, {"name": "mine", "routes": []}, "`routes` tuple should have at least 1 item"),
    (aijobs.Model, {"name": "mine", "routs": [], "routes": [PRICE]}, "Did you mean 'routes'?"),
    (
        aijobs.Model,
        {"name": "mine", "routes": [{"provider": "ours"}]},
        "No Model can be made so: `routes.0.model_id` is required.",
    ),
    (
        aijobs.Route,
        {"provider": "ours", "model_id": "x", "endpoint": "htp:/x"},
        "write it as `https://proxy.example/v1`.",
    ),
    (aijobs.Price, {"input": 1.5, "output": "2", "source": "ours", "as_of": SINCE}, 'write money as a string, "1.75"'),
    (aijobs.Limits, {"job_seconds": 400}, "so: `hard_limit_seconds` must be above `job_seconds`"),
    (
        aijobs.BreakerLimits,
        {"failures": 0},
        "`failures` input should be greater than or equal to 1, got a number (int).",
    ),
    (aijobs.PaceLimits, {"first_call": 3}, "Did you mean 'first_calls'?"),
    (aijobs.ModelPace, {"most_calls": "many"}, "`most_calls` input should be a valid integer"),
    (aijobs.Rate, {"jobs": 0, "seconds": 1}, "`jobs` input should be greater than or equal to 1"),
    (aijobs.HttpLimits, {"max_calls": 0}, "`max_calls` input should be greater than or equal to 1"),
    (
        aijobs.Message,
        {"role": "system"},
        "`role` input should be 'user', 'assistant' or 'tool', got a text of 6 characters.",
    ),
    (aijobs.Tool, {"name": "a b"}, "`name` string should match pattern"),
    (aijobs.GenerationRequest, {"prompt": "hi"}, "`model` is required"),
    (aijobs.TextChunk, {"text": b"x"[0]}, "`text` input should be a valid string, got a number (int)."),
    (
        aijobs.Finished,
        {"finish_reason": "end", "input_tokens": 1, "output_tokens": 1},
        "`finish_reason` input should be",
    ),
    (aijobs.JobRequest, {"type": "test_job"}, "`payload` is required."),
    (aijobs.BlockRequest, {"title": 3}, "`title` input should be a valid string"),
    (
        aijobs.DocumentConfiguration,
        {"context": ["rumours"]},
        "`context.0` input should be 'evidence', 'goals' or 'reviews'",
    ),
]
OTHERS: list[tuple[Callable[..., object], dict[str, object], str]] = [
    (aijobs.HttpHooks, {"request": abs}, "`request` must be a list of functions, got a builtin_function_or_method."),
    (aijobs.HttpHooks, {"retry": [3]}, "`retry` must be a list of functions, got a list of 1."),
    (aijobs.HttpHooks, {"tracer_provider": 3}, "`tracer_provider` must be a `TracerProvider`"),
    (aijobs.PrometheusMetrics, {"registry": 3}, "`registry` must be a `prometheus_client.CollectorRegistry`"),
    (aijobs.OpenTelemetryMetrics, {"meter_provider": 3}, "`meter_provider` must be a `MeterProvider` of OpenTelemetry"),
    (aijobs.PriceBook, {"models": 3}, "`models` must be a table of models, got a number (int)"),
    (aijobs.PlanBook, {"plans": 3}, "`plans` must be a list of plans, got a number (int)."),
    (aijobs.PlanBook, {"budgets": [3]}, "`budgets` must be a list of budgets, got a number (int) at `budgets[0]`."),
    (aijobs.outage, {"where": 3, "lasts": "9s"}, "`where` must name a provider or model, got a number (int)."),
]


class Priced(Given):
    """A part that is a fact as well."""

    price: aijobs.Price


@pytest.mark.parametrize(("make", "given", "told"), [*FACTS, *OTHERS])
def test_what_cannot_be_is_refused_by_its_name(
    make: Callable[..., object], given: dict[str, object], told: str
) -> None:
    with pytest.raises(aijobs.InvalidRequestError) as refused:
        make(**given)

    assert told in refused.value.message
    assert "pydantic" not in refused.value.message
    assert refused.value.fields


def test_a_priority_that_is_none_is_refused_by_the_name_of_the_job_type() -> None:
    async def shout(context: aijobs.JobContext, payload: Priced) -> None: ...

    make: Callable[..., object] = aijobs.job_type
    with pytest.raises(ValueError, match="`priority` of job type 'shout' must be 'high' or 'normal' or 'low'"):
        make("shout", priority="urgent")(shout)  # type: ignore[operator]


def test_a_prompt_stands_in_no_refusal() -> None:
    with pytest.raises(aijobs.InvalidRequestError) as refused:
        aijobs.Message(role="user", content="my secret plan", images=["my secret picture"])

    assert "secret" not in repr(refused.value)
    assert refused.value.__suppress_context__


def test_data_within_data_keeps_its_place() -> None:
    with pytest.raises(ValidationError) as found:
        Priced.model_validate({"price": {"input": "free", "output": "2", "source": "ours", "as_of": SINCE}})

    assert [one["loc"] for one in found.value.errors()] == [("price", "input")]


def test_a_good_one_is_as_it_was() -> None:
    assert (PRICE.input, PRICE.output) == (Decimal(1), Decimal(2))
    assert pickle.loads(pickle.dumps(PRICE)) == PRICE
    assert aijobs.PrometheusMetrics(CollectorRegistry())
