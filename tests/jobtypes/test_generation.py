"""What a text can be asked for with, and what comes back: without a wire, and by the real adapters over one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.contract.events import TextDelta
from aijobs_sdk.simulation.mock import Mock

WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}
VENDORS = pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5", "gemini-3-flash"])
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


class City(BaseModel):
    name: str
    people: int
    twins: list[str] = []


@pytest.fixture(params=["direct", "wire"])
def sim(request: pytest.FixtureRequest) -> Iterator[Mock]:
    fidelity: Literal["direct", "wire"] = request.param
    with aijobs.mock(seed=7, fidelity=fidelity) as sim:
        yield sim


@pytest.fixture
def client(sim: Mock) -> Iterator[aijobs.Client]:
    with aijobs.Client() as client:
        yield client


def test_structured_output_comes_as_an_instance(client: aijobs.Client) -> None:
    result = client.submit("Describe Bath.", model="gpt-5.2", output_model=City).result()

    assert isinstance(result.output, City)
    assert City.model_validate_json(result.content) == result.output


def test_structured_output_by_a_schema_comes_as_a_dict(client: aijobs.Client) -> None:
    schema = {"type": "object", "properties": {"token_count": {"type": "integer"}, "password": {"type": "string"}}}
    job = client.submit("Count.", model="gemini-3-flash", output_schema=schema)

    assert job.result().output.keys() == {"token_count", "password"}
    assert job.job.payload["output_schema"] == schema


def test_claude_is_not_asked_for_an_object_whose_keys_are_open(client: aijobs.Client) -> None:
    class Counts(BaseModel):
        by_word: dict[str, int]

    job = client.submit("Count the words.", model="claude-sonnet-4.5", output_model=Counts)

    with pytest.raises(aijobs.JobFailedError, match="bedrock was not asked"):
        job.result()


def test_aws_is_not_sent_to_fetch_an_image(client: aijobs.Client) -> None:
    job = client.submit("What is this?", model="claude-sonnet-4.5", images=["https://example.org/river.jpg"])

    with pytest.raises(aijobs.JobFailedError, match="bedrock was not asked"):
        job.result()


def test_a_handle_that_was_pickled_gives_structured_output_as_a_dict(client: aijobs.Client) -> None:
    job = client.submit("Describe Bath.", model="gpt-5.2", output_model=City)
    again = pickle.loads(pickle.dumps(job))

    assert City.model_validate(again.result().output) == job.result().output


@pytest.mark.parametrize("around", ["\ufeff{}", "```json\n{}\n```", "\n```\n{}```\n"])
def test_an_object_in_a_block_of_code_is_paid_once(sim: Mock, client: aijobs.Client, around: str) -> None:
    answer = around.replace("{}", '{"name": "Bath", "people": 1}')
    sim.on().do(aijobs.ok(answer))
    result = client.submit("Describe Bath.", model="gpt-5.2", output_model=City).result()

    assert result.output == City(name="Bath", people=1)
    assert len(sim.calls) == 1


def test_an_answer_that_does_not_fit_is_told_with_what_was_answered(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.ok('{"name": "Bath", "people": "many"}'))
    job = client.submit("Describe Bath.", model="gpt-5.2", output_model=City)

    with pytest.raises(aijobs.InvalidOutputError, match="no City: `people` input should be a valid integer") as raised:
        job.result()
    assert raised.value.result.output == {"name": "Bath", "people": "many"}  # type: ignore[attr-defined]
    assert "many" not in str(raised.value)


def test_an_object_that_was_cut_off_is_paid_once(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail("max_tokens", after_tokens=5))
    job = client.submit("Describe Bath.", model="gpt-5.2", output_model=City)

    with pytest.raises(aijobs.InvalidOutputError, match="cut off: allow more `max_tokens`"):
        job.result()
    assert job.wait().attempts == 1


@pytest.mark.parametrize(
    "answer", ["Well.", '{"name": "Bath \\ud83d", "people": 1}', '{"name": "Bath", "people": NaN}']
)
def test_an_answer_that_is_no_object_that_can_be_kept_is_asked_for_again(
    sim: Mock, client: aijobs.Client, answer: str
) -> None:
    sim.on().do(aijobs.ok(answer), aijobs.ok('{"name": "Bath", "people": 1}'))
    job = client.submit("Describe Bath.", model="gpt-5.2", output_model=City)

    assert job.result().output == City(name="Bath", people=1)
    assert job.wait().attempts == 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_tool_is_called_and_its_outcome_understood(client: aijobs.Client, *, stream: bool) -> None:
    asked = client.submit("Wet in Bath?", model="gpt-5.2", tools=[WEATHER], stream=stream).result()
    [call] = asked.tool_calls
    turns: list[Mapping[str, object]] = [
        {"role": "user", "content": "Wet in Bath?"},
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": "Rain."},
    ]

    answer = client.submit("And tomorrow?", model="gpt-5.2", messages=turns, tools=[WEATHER], stream=stream).result()

    assert (asked.finish_reason, asked.content, call.name) == ("tool_calls", "", "weather")
    assert (answer.finish_reason, answer.tool_calls) == ("stop", ())
    assert answer.content


def test_a_call_is_told_with_the_arguments_it_was_made_with(client: aijobs.Client) -> None:
    call = {"id": "1", "name": "weather", "arguments": {"place": "Bath", "page_token": "7"}}
    turns: Any = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "Rain"}]
    job = client.submit("And tomorrow?", model="gpt-5.2", messages=turns, tools=[WEATHER])

    told: Any = job.job.payload["messages"]
    assert told[0]["tool_calls"] == [call]


def test_a_picture_in_the_prompt_is_read_from_its_file(client: aijobs.Client, tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    job = client.submit("What is this?", model="gpt-5.2", images=[tmp_path / "dot.png", "https://example.org/a.png"])

    assert job.result().content
    assert [image["url"][:22] for image in job.job.payload["images"]] == [  # type: ignore[union-attr, index, call-overload]
        "data:image/png;base64,",
        "https://example.org/a.",
    ]


def test_thinking_is_counted_and_paid(client: aijobs.Client) -> None:
    plain = client.submit("How?", model="gpt-5.2").result()
    thought = client.submit("How?", model="gpt-5.2", reasoning_effort="high").result()

    assert (plain.reasoning_tokens, thought.reasoning_tokens > 1000) == (0, True)
    assert thought.output_tokens > thought.reasoning_tokens
    assert thought.metered_credits > plain.metered_credits


def test_nothing_is_shown_before_the_end_where_nobody_watches(client: aijobs.Client) -> None:
    watched = client.submit("Write.", model="gpt-5.2")
    unwatched = client.submit("Write.", model="gpt-5.2", stream=False)

    assert sum(isinstance(event, TextDelta) for event in unwatched.stream()) == 1
    assert "".join(unwatched.stream_text()) == unwatched.result().content
    assert len(unwatched.result().content) > len("".join(watched.stream_text())) / 10


def test_a_cap_cuts_the_answer_off_where_it_would_cost_more(client: aijobs.Client) -> None:
    result = client.submit("Write.", model="gpt-5.2", max_credits="0.05").result()

    assert result.finish_reason == "length"
    assert Decimal("0.04") < result.metered_credits <= Decimal("0.05")
    assert result.credits_used <= Decimal("0.05")


def test_a_cap_that_leaves_nothing_but_thoughts_is_paid_once(client: aijobs.Client) -> None:
    job = client.submit("Write.", model="gpt-5.2", max_credits="0.05", reasoning_effort="high")

    with pytest.raises(aijobs.JobFailedError, match="without a word of it"):
        job.result()
    assert job.wait().attempts == 1


def test_an_outage_is_bridged_by_a_model_that_the_caller_allows(sim: Mock, client: aijobs.Client) -> None:
    sim.on(model="gpt-5.2").do(aijobs.fail(503))
    sim.on(model="gpt-5.2").do(aijobs.fail("reset", after_tokens=20) * 3)
    job = client.submit("Write.", model="gpt-5.2", fallback=["gemini-3-flash", "claude-sonnet-4.5"])
    seen = text_of(job)

    result = job.result()
    assert (result.model, result.provider, job.wait().attempts) == ("gemini-3-flash", "vertex", 3)
    assert seen == result.content
    [row] = client.usage(month="2026-01")
    assert (row.model, row.metadata["asked_model"]) == ("gemini-3-flash", "gpt-5.2")


def text_of(job: Any) -> str:
    text = ""
    for event in job.stream():
        if isinstance(event, TextDelta):
            text = text[: event.offset] + event.text
    return text


def test_one_failure_is_no_outage(sim: Mock, client: aijobs.Client) -> None:
    sim.on(model="gpt-5.2").do(aijobs.fail(503), aijobs.ok())
    job = client.submit("Write.", model="gpt-5.2", fallback=True)

    assert (job.result().model, job.wait().attempts) == ("gpt-5.2", 2)


def test_a_provider_that_is_known_to_be_out_is_not_even_asked(sim: Mock, client: aijobs.Client) -> None:
    sim.on(model="gpt-5.2").do(aijobs.fail(503) * 3)
    aijobs.wait([client.submit(f"Write {n}.", model="gpt-5.2") for n in range(30)])
    calls = len(sim.calls)

    job = client.submit("Write more.", model="gpt-5.2", fallback=["gemini-3-flash"])

    assert (job.result().model, job.wait().attempts) == ("gemini-3-flash", 1)
    assert [call.provider for call in sim.calls[calls:]] == ["vertex"]


def test_without_leave_no_other_model_answers(sim: Mock, client: aijobs.Client) -> None:
    sim.on(model="gpt-5.2").do(aijobs.fail(503) * 3)
    with pytest.raises(aijobs.JobFailedError, match="openai answered 503"):
        client.submit("Write.", model="gpt-5.2").result()


def test_a_request_that_is_at_fault_is_not_sent_elsewhere(sim: Mock, client: aijobs.Client) -> None:
    sim.on(model="gpt-5.2").do(aijobs.fail("content_filter"))
    with pytest.raises(aijobs.JobFailedError, match="content filter"):
        client.submit("Write.", model="gpt-5.2", fallback=["gemini-3-flash"]).result()


def test_another_route_of_a_model_is_taken_and_priced_by_its_name(client: aijobs.Client) -> None:
    first = client.submit("Write.", model="claude-sonnet-4.5").result()
    direct = client.submit("Write.", model="claude-sonnet-4.5", provider="anthropic").result()

    assert (first.provider, direct.provider) == ("bedrock", "anthropic")
    assert direct.metered_credits / direct.output_tokens < first.metered_credits / first.output_tokens


DAYS = [f"day {number}" for number in range(100)]


@VENDORS
def test_pictures_and_tools_are_read_as_they_were_quoted(client: aijobs.Client, model: str) -> None:
    asked: Any = {"model": model, "images": [PNG], "tools": [WEATHER]}
    client.submit("What is this?", **asked).wait()
    [row] = client.usage()

    assert row.input_tokens == pytest.approx(client.estimate("What is this?", **asked).input_tokens, abs=15)
    assert row.input_tokens > 1600


LONG = {"type": "object", "properties": {day: {"type": "string"} for day in DAYS}, "required": DAYS}


@VENDORS
def test_structured_output_is_no_longer_than_was_allowed(client: aijobs.Client, model: str) -> None:
    result = client.submit("Which days?", model=model, output_schema=LONG, max_tokens=50).result()

    assert (result.finish_reason, result.output) == ("length", None)
    assert 40 <= result.output_tokens <= 50
    assert result.content.startswith('{"day 0":')


@pytest.mark.parametrize(
    ("model", "most"), [("gpt-5.2", "0.6"), ("claude-sonnet-4.5", "0.9"), ("gemini-3-flash", "0.2")]
)
def test_structured_output_costs_no_more_than_was_allowed(client: aijobs.Client, model: str, most: str) -> None:
    result = client.submit("Which days?", model=model, output_schema=LONG, max_credits=most).result()
    [row] = client.usage()

    assert result.finish_reason == "length"
    assert Decimal(str(row.metadata["metered_credits"])) <= Decimal(most)


@VENDORS
def test_a_call_of_a_tool_that_was_cut_off_is_none_and_not_asked_for_again(client: aijobs.Client, model: str) -> None:
    job = client.submit("Which days?", model=model, tools=[{"name": "open", "parameters": LONG}], max_tokens=50)

    assert job.wait().attempts == 1
    with pytest.raises(aijobs.JobFailedError, match="used up the longest answer without a word of it"):
        job.result()
