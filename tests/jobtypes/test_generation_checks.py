"""What cannot be asked is refused by name, before anything is stored or anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock


@pytest.fixture
def sim() -> Iterator[Mock]:
    with aijobs.mock(seed=7) as sim:
        yield sim


@pytest.fixture
def client(sim: Mock) -> Iterator[aijobs.Client]:
    with aijobs.Client() as client:
        yield client


@pytest.mark.parametrize(
    ("model", "options", "field", "problem"),
    [
        ("gpt-5.2", {"seed": 1}, "seed", "is nothing that gpt-5.2 takes"),
        ("gpt-5.2", {"stop": ["x"]}, "stop", "is nothing that gpt-5.2 takes"),
        ("gpt-5.2", {"temperature": 1, "reasoning_effort": "high"}, "reasoning_effort", "cannot go with"),
        ("claude-opus-4.5", {"temperature": 1.5}, "temperature", "claude-opus-4.5 takes at most 1"),
        ("claude-opus-4.5", {"temperature": 1, "top_p": 0.5}, "top_p", "cannot go with `temperature`"),
        ("gemini-3-flash", {"reasoning_effort": "xhigh"}, "reasoning_effort", "gemini-3-flash knows: "),
        ("gpt-5.2", {"reasoning_effort": "huge"}, "reasoning_effort", "got a text of 4 characters"),
        ("gpt-5.2", {"provider": "bedrock"}, "provider", "It is reached by: openai"),
        ("gpt-5.2", {"max_credits": "0.001"}, "max_credits", "for the prompt alone"),
        ("gpt-5.2", {"max_credits": "-1"}, "max_credits", "greater than or equal to 0"),
        ("gpt-5.2", {"fallback": ["gpt-9"]}, "fallback", "Unknown model 'gpt-9'"),
        ("gpt-5.2", {"fallback": ["gpt-image-1.5"]}, "fallback", "makes images"),
        ("claude-opus-4.5", {"fallback": ["gpt-5.2"], "stop": ["x"]}, "fallback", "`payload.stop` is nothing"),
        ("gpt-5.2", {"output_schema": {"type": "array"}}, "output_schema", "schema of an object"),
        ("gpt-5.2", {"images": ["data:text/html;base64,AA=="]}, "images", "should match pattern"),
        ("gpt-5.2", {"images": ["http://example.org/a.png"]}, "images", "is not `https`"),
        ("claude-opus-4.5", {"stop": ["END", ""]}, "stop.1", "at least 1 character"),
        ("gpt-5.2", {"messages": [{"role": "boss"}]}, "messages", "'user', 'assistant' or 'tool'"),
        ("gpt-5.2", {"messages": [{"role": "tool", "content": "x"}]}, "messages.0", "needs a `tool_call_id`"),
        ("gpt-5.2", {"tools": [{"name": "two words"}]}, "tools", "should match pattern"),
        ("gpt-5.2", {"tools": [{"name": "twice"}, {"name": "twice"}]}, "tools", "should have a name each"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    client: aijobs.Client, model: str, options: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(aijobs.InvalidRequestError) as raised:
        client.submit("Write.", model=model, **options)

    assert any(field in one.field for one in raised.value.fields)
    assert problem in str(raised.value)
    assert list(client.list()) == []


def test_all_that_a_model_does_not_take_is_named_at_once(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError) as raised:
        client.submit("Write.", model="gpt-5.2", seed=1, stop=["x"])
    assert {one.field for one in raised.value.fields} == {"payload.seed", "payload.stop"}


def test_no_reasoning_goes_with_everything(client: aijobs.Client) -> None:
    assert client.submit("Write.", model="gpt-5.2", temperature=1, reasoning_effort="none").result().content


def test_a_file_that_is_no_picture_is_not_sent(client: aijobs.Client, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text("secret")
    with pytest.raises(aijobs.InvalidRequestError, match="no PNG, JPEG, GIF or WebP") as raised:
        client.submit("Read.", model="gpt-5.2", images=[tmp_path / "keys.txt"])
    assert "keys.txt" not in str(raised.value)


def test_an_estimate_is_what_submit_quotes(sim: Mock, client: aijobs.Client) -> None:
    estimate = client.estimate("Write about rivers.", model="claude-sonnet-4.5", max_tokens=300)
    job = client.submit("Write about rivers.", model="claude-sonnet-4.5", max_tokens=300)

    assert (estimate.model, estimate.provider) == ("claude-sonnet-4.5", "bedrock")
    assert (estimate.output_tokens, estimate.most_output_tokens) == (300, 300)
    assert estimate.credits == job.result().credits_used
    assert estimate.most_credits is not None
    assert estimate.credits < estimate.most_credits < estimate.credits * 2
    assert [call.job_id for call in sim.calls] == [job.id]


def test_an_estimate_says_how_tokens_were_counted(client: aijobs.Client) -> None:
    methods = [client.estimate("Hi.", model=name).token_method for name in ("gpt-5.2", "gemini-3-flash")]
    assert methods == ["exact:o200k_base", "estimate:o200k_base"]


def test_an_estimate_counts_all_that_is_read(client: aijobs.Client) -> None:
    plain = client.estimate("Hi.", model="gpt-5.2")
    turns = [{"role": "user", "content": "river " * 1000}]
    tools = [{"name": "weather", "description": "rain " * 500}]

    assert client.estimate("Hi.", model="gpt-5.2", messages=turns).input_tokens > plain.input_tokens + 900
    assert client.estimate("Hi.", model="gpt-5.2", tools=tools).input_tokens > plain.input_tokens + 450
    assert client.estimate("Hi.", model="gpt-5.2", system="sea " * 500).input_tokens > plain.input_tokens + 450


def test_an_estimate_within_a_cap_is_no_more_than_the_cap(client: aijobs.Client) -> None:
    estimate = client.estimate("Write.", model="gpt-5.2", max_credits="0.1")
    assert estimate.credits <= Decimal("0.1")
    assert estimate.most_credits is not None
    assert estimate.most_credits <= Decimal("0.1")


def test_a_cap_holds_for_a_prompt_that_turns_out_longer_than_estimated(client: aijobs.Client) -> None:
    prompt = "river " * 10_000
    read = client.estimate(prompt, model="gemini-3-flash", max_tokens=1).credits

    with pytest.raises(aijobs.InvalidRequestError, match="for the prompt alone"):
        client.submit(prompt, model="gemini-3-flash", max_credits=(read * Decimal("1.2")).quantize(Decimal("0.0001")))
    client.submit(prompt, model="gemini-3-flash", max_credits=(read * Decimal("1.3")).quantize(Decimal("0.0001")))


def test_an_estimate_names_what_cannot_be_used(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match="Unknown model 'gpt-9'"):
        client.estimate("Write.", model="gpt-9")
    with pytest.raises(aijobs.InvalidRequestError, match="cost nobody knows"):
        client.estimate(type="test_job")
