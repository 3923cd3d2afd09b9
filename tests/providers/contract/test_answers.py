"""What every adapter makes of a good answer, over the vendor's own library and simulated bytes."""

from __future__ import annotations

import json

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, Message, Tool, ToolCall
from aijobs_sdk.simulation.provider import SimulatedProvider
from providers.contract.stage import PROMPT, Stage

streamed_or_not = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
NUMBER_THEIR_EVENTS = ["openai"]
"""With the others, a piece of text that comes twice cannot be told from one that was written twice."""
SEND_ARGUMENTS_AS_TEXT = [("openai", True), ("openai", False), ("anthropic", True), ("bedrock", True)]
"""The others send an object, and whether it fits the tool's schema is for the caller to see."""
CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["name", "people"],
}
WEATHER = Tool(
    name="weather",
    description="The weather in a place.",
    parameters={"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
)


@streamed_or_not
def test_an_answer_is_that_of_the_simulation_without_a_wire(stage: Stage, *, streamed: bool) -> None:
    direct = Stage(stage.provider)
    direct.adapter = SimulatedProvider(stage.provider, direct.sim, direct.sim.clock)

    over_the_wire = stage.ask(stage.request(streamed=streamed))

    plain = direct.ask(direct.request())
    assert over_the_wire.text == plain.text
    assert _facts(over_the_wire.finished) == _facts(plain.finished)


def test_pieces_come_when_they_are_written(stage: Stage) -> None:
    pieces = stage.ask(stage.request()).pieces

    assert len(pieces) > 3
    assert [piece.at_seconds for piece in pieces] == sorted({piece.at_seconds for piece in pieces})


@streamed_or_not
def test_who_answered_is_told(stage: Stage, *, streamed: bool) -> None:
    finished = stage.ask(stage.request(streamed=streamed)).finished

    assert finished.served_model
    assert finished.response_id


@streamed_or_not
def test_an_answer_that_is_cut_off_is_an_answer(stage: Stage, *, streamed: bool) -> None:
    finished = stage.ask(stage.request(streamed=streamed, max_output_tokens=16)).finished

    assert finished.finish_reason == "length"
    assert 0 < finished.output_tokens <= 16


@streamed_or_not
def test_structured_output_fits_the_schema(stage: Stage, *, streamed: bool) -> None:
    answer = stage.ask(stage.request(streamed=streamed, output_schema=CITY))

    assert {name: type(value) for name, value in json.loads(answer.text).items()} == {"name": str, "people": int}
    assert answer.finished.finish_reason == "stop"


@streamed_or_not
def test_a_tool_is_called(stage: Stage, *, streamed: bool) -> None:
    finished = stage.ask(stage.request(streamed=streamed, tools=[WEATHER.model_dump()])).finished

    [call] = finished.tool_calls
    assert finished.finish_reason == "tool_calls"
    assert call.id
    assert call.name == "weather"
    assert {name: type(value) for name, value in call.arguments.items()} == {"place": str}


@streamed_or_not
def test_what_a_tool_answered_is_understood(stage: Stage, *, streamed: bool) -> None:
    asked = stage.request(streamed=streamed, tools=[WEATHER.model_dump()])
    [call] = stage.ask(asked).finished.tool_calls
    said = [
        Message(role="user", content=PROMPT),
        Message(role="assistant", content="Let me see.", tool_calls=(call,)),
        Message(role="tool", content="Rain.", tool_call_id=call.id),
    ]

    answer = Stage(stage.provider).ask(asked.replace(prompt="So, do I need a coat?", messages=tuple(said)))

    assert answer.text
    assert answer.finished.finish_reason == "stop"


def without_a_wire(stage: Stage) -> Stage:
    direct = Stage(stage.provider)
    direct.adapter = SimulatedProvider(stage.provider, direct.sim, direct.sim.clock)
    return direct


def test_structured_output_is_written_as_without_a_wire(stage: Stage) -> None:
    request = stage.request(output_schema=CITY)

    over_the_wire, plain = stage.ask(request), without_a_wire(stage).ask(request)

    assert over_the_wire.text == plain.text
    assert over_the_wire.finished.output_tokens == plain.finished.output_tokens


def test_what_is_said_after_a_tool_has_answered_is_about_the_question(stage: Stage) -> None:
    call = ToolCall(id="call_1", name="weather", arguments={"place": "Bath"})
    said = (
        Message(role="user", content=PROMPT),
        Message(role="assistant", content="Let me see.", tool_calls=(call,)),
        Message(role="tool", content="Rain.", tool_call_id=call.id),
    )
    request = stage.request("Do umbrellas help?", tools=[WEATHER.model_dump()], messages=said)

    assert stage.ask(request).text == without_a_wire(stage).ask(request).text


def test_a_conversation_is_as_long_as_without_a_wire(stage: Stage) -> None:
    turns = (Message(role="user", content="One " * 50), Message(role="assistant", content="Two " * 50))
    direct = without_a_wire(stage)
    request = stage.request(messages=turns, system="Three " * 50)

    over_the_wire, plain = stage.ask(request).finished, direct.ask(request).finished

    assert over_the_wire.input_tokens == pytest.approx(plain.input_tokens, abs=6)  # white space between the turns


def test_earlier_turns_and_instructions_are_read(stage: Stage) -> None:
    turns = (Message(role="user", content="One " * 50), Message(role="assistant", content="Two " * 50))
    short = stage.ask(stage.request()).finished
    long = Stage(stage.provider).ask(stage.request(messages=turns, system="Three " * 50)).finished

    assert long.input_tokens > short.input_tokens + 120


def test_packets_that_end_anywhere_change_nothing(stage: Stage) -> None:
    plain = Stage(stage.provider).ask(stage.request()).text
    stage.sim.on().do(aijobs.fail("split_utf8"))

    assert stage.ask(stage.request()).text == plain


@pytest.mark.parametrize("stage", NUMBER_THEIR_EVENTS, indirect=True)
def test_an_event_that_comes_twice_counts_once(stage: Stage) -> None:
    plain = Stage(stage.provider).ask(stage.request()).text
    stage.sim.on().do(aijobs.fail("duplicate_event"))

    assert stage.ask(stage.request()).text == plain


@streamed_or_not
def test_a_tool_that_was_not_offered_is_an_error_that_may_pass(stage: Stage, *, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("unknown_tool"))

    with pytest.raises(ProviderError) as raised:
        stage.ask(stage.request(streamed=streamed, tools=[WEATHER.model_dump()]))

    assert (raised.value.code, raised.value.retryable) == ("invalid_tool_call", True)


@pytest.mark.parametrize(("stage", "streamed"), SEND_ARGUMENTS_AS_TEXT, indirect=["stage"])
def test_arguments_that_are_no_json_are_an_error_that_may_pass(stage: Stage, *, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("bad_tool_args"))

    with pytest.raises(ProviderError) as raised:
        stage.ask(stage.request(streamed=streamed, tools=[WEATHER.model_dump()]))

    assert (raised.value.code, raised.value.retryable) == ("invalid_tool_call", True)


def _facts(finished: Finished) -> object:
    return finished.finish_reason, finished.input_tokens, finished.output_tokens
