"""What vendors say of their limits, as it is read from the headers of an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Allowance, Allowances
from aijobs_sdk.providers.anthropic import allowances as anthropic
from aijobs_sdk.providers.openai import allowances as openai
from aijobs_sdk.simulation.script import fail
from providers.contract.stage import Stage

OPENAI = {
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-reset-requests": "12ms",
}
ANTHROPIC = {
    "date": "Thu, 26 Nov 2026 12:00:00 GMT",
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-11-26T12:00:02Z",
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("1.5s", 1.5),
        ("20ms", 0.02),
        ("1h2m3s", 3723.0),
        ("1d", 86400.0),
        ("1d1s", None),
        ("9999999d", None),
        ("soon", None),
        ("", None),
    ],
)
def test_openai_says_when_all_is_there_again(text: str, seconds: float | None) -> None:
    said = openai.allowances({**OPENAI, "x-ratelimit-reset-requests": text})
    assert said == Allowances(requests=Allowance(limit=5000, remaining=4999, reset_seconds=seconds))


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "9" * 40, "²", ""])
@pytest.mark.parametrize("name", ["limit", "remaining"])
def test_what_is_no_number_is_ignored(name: str, text: str) -> None:
    assert openai.allowances({**OPENAI, f"x-ratelimit-{name}-requests": text}) is None
    assert anthropic.allowances({**ANTHROPIC, f"anthropic-ratelimit-requests-{name}": text}) is None


def test_a_limit_of_nothing_is_none() -> None:
    nothing = {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}
    assert openai.allowances({**OPENAI, **nothing}) is None
    none = {"anthropic-ratelimit-requests-limit": "0", "anthropic-ratelimit-requests-remaining": "0"}
    assert anthropic.allowances({**ANTHROPIC, **none}) is None


def test_anthropic_says_it_by_its_own_clock() -> None:
    said = anthropic.allowances(ANTHROPIC)
    assert said == Allowances(requests=Allowance(limit=50, remaining=49, reset_seconds=2.0))


def test_anthropic_tells_tokens_apart() -> None:
    output = {name.replace("requests", "output-tokens"): text for name, text in ANTHROPIC.items()}
    said = anthropic.allowances({**ANTHROPIC, **output})
    assert said is not None
    assert (said.output_tokens, said.input_tokens) == (said.requests, None)


@pytest.mark.parametrize("reset", ["2020-01-01T00:00:00Z", "2027-11-26T12:00:00Z", "2026-11-26T12:00:02", "later"])
def test_an_instant_of_another_clock_is_none(reset: str) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    said = anthropic.allowances({**ANTHROPIC, "anthropic-ratelimit-requests-reset": reset}, now=now)
    assert said == Allowances(requests=Allowance(limit=50, remaining=49))


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -0100", "soon", ""])
def test_a_date_that_is_none_costs_no_answer(date: str) -> None:
    said = anthropic.allowances({**ANTHROPIC, "date": date})
    assert said is not None
    assert said.requests is not None
    assert (said.requests.limit, said.requests.remaining) == (50, 49)


def test_who_says_nothing_is_not_heard_to() -> None:
    assert openai.allowances({"content-type": "application/json"}) is None
    assert anthropic.allowances({"x-amzn-requestid": "1"}) is None


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_adapters_read_it_with_every_answer(provider: str, streamed: bool) -> None:
    stage = Stage(provider)
    stage.sim.limit(requests_per_minute=100)
    said = stage.ask(stage.request(streamed=streamed)).finished.allowances
    assert said is not None
    assert said.requests is not None
    assert (said.requests.limit, said.requests.remaining) == (100, 99)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_adapters_read_it_with_a_refusal(provider: str) -> None:
    stage = Stage(provider)
    stage.sim.limit(requests_per_minute=1)
    stage.ask(stage.request())
    with pytest.raises(ProviderError) as refused:
        stage.ask(stage.request(job_id="00000000-0000-0000-0000-000000000003"))
    assert refused.value.allowances is not None
    assert refused.value.allowances.requests is not None
    assert refused.value.allowances.requests.remaining == 0


@pytest.mark.parametrize("provider", ["bedrock", "vertex"])
def test_others_say_nothing(provider: str) -> None:
    stage = Stage(provider)
    stage.sim.limit(requests_per_minute=100)
    assert stage.ask(stage.request()).finished.allowances is None


def test_an_overload_is_told_from_a_plain_fault() -> None:
    stage = Stage("anthropic")
    stage.sim.on(prompt="One*").do(fail("overloaded"))
    stage.sim.on(prompt="Two*").do(fail(503))
    assert [_failure(stage, prompt).overloaded for prompt in ("One", "Two")] == [True, False]


def _failure(stage: Stage, prompt: str) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        stage.ask(stage.request(prompt))
    return failed.value
