"""Good answers that a caller has to be careful with, over every vendor's surface, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import anthropic
import openai
import pytest
from botocore.eventstream import EventStreamBuffer
from google.genai import Client as Gemini
from google.genai import types
from pydantic import BaseModel

import aijobs_sdk as aijobs
from simulation.wire.vendors_in_process import Stage, a_stage

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")

RIVERS = "Tell me about rivers"
MESSAGES: list[Any] = [{"role": "user", "content": RIVERS}]
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLAUDE_AT_BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
CONVERSE = f"https://bedrock-runtime.eu-west-2.amazonaws.com/model/{CLAUDE_AT_BEDROCK}"
SORRY = "I'm sorry, but I can't help with that."


class Said(NamedTuple):
    """What a caller reads out of an answer."""

    why: str
    """Why it ends."""
    text: str = ""
    refusal: str | None = None
    tool: str | None = None
    arguments: Any = None
    """The text of an object where the vendor sends one, or the object."""


class Forecast(BaseModel):
    city: str


def openai_of(stage: Stage) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="any", max_retries=0, http_client=stage.http(), _strict_response_validation=True)


async def chat(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    offered = [{"type": "function", "function": {"name": name, "parameters": PARAMETERS}} for name in tools]
    request: Any = {"model": "gpt-5.2", "messages": MESSAGES} | ({"tools": offered} if offered else {})
    api = openai_of(stage).chat.completions
    if streamed:
        return _said_in_chunks([chunk.choices[0] async for chunk in await api.create(**request, stream=True)])
    choice = (await api.create(**request)).choices[0]
    message = choice.message
    call = message.tool_calls[0].function if message.tool_calls else None
    return Said(
        choice.finish_reason, message.content or "", message.refusal, call and call.name, call and call.arguments
    )


def _said_in_chunks(choices: Sequence[Any]) -> Said:
    calls = [call.function for choice in choices for call in choice.delta.tool_calls or ()]
    return Said(
        choices[-1].finish_reason,
        "".join(choice.delta.content or "" for choice in choices),
        "".join(choice.delta.refusal or "" for choice in choices) or None,
        calls[0].name if calls else None,
        "".join(call.arguments for call in calls),
    )


async def responses(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    offered = [{"type": "function", "name": name, "parameters": PARAMETERS, "strict": True} for name in tools]
    request: Any = {"model": "gpt-5.2", "input": RIVERS, "tools": offered}
    api = openai_of(stage).responses
    if not streamed:
        return _said_in_response(await api.create(**request))
    events: list[Any] = [event async for event in await api.create(**request, stream=True)]
    said = _said_in_response(events[-1].response)
    deltas = {kind: "".join(event.delta for event in events if event.type == kind) for kind in DELTAS}
    assert tuple(deltas.values()) == (said.text, said.refusal or "", said.arguments or "")
    assert events[-2].item == events[-1].response.output[-1]
    return said


DELTAS = ("response.output_text.delta", "response.refusal.delta", "response.function_call_arguments.delta")


def _said_in_response(response: Any) -> Said:
    last = response.output[-1]
    if last.type == "function_call":
        return Said(response.status, tool=last.name, arguments=last.arguments)
    refusals = [part.refusal for part in last.content if part.type == "refusal"]
    return Said(response.status, response.output_text, refusals[0] if refusals else None)


async def messages(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    vendor = anthropic.AsyncAnthropic(api_key="any", max_retries=0, http_client=stage.http())
    return await _message(vendor, "claude-sonnet-4-5", tools, streamed=streamed)


async def invoke(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    region: dict[str, Any] = {"aws_region": "eu-west-2", "aws_access_key": "any", "aws_secret_key": "any"}
    vendor = anthropic.AsyncAnthropicBedrock(**region, max_retries=0, http_client=stage.http())
    return await _message(vendor, CLAUDE_AT_BEDROCK, tools, streamed=streamed)


async def _message(vendor: Any, model: str, tools: Sequence[str], *, streamed: bool) -> Said:
    api = vendor.messages
    request: Any = {
        "model": model,
        "max_tokens": 2000,
        "messages": MESSAGES,
        "tools": [{"name": name, "input_schema": PARAMETERS} for name in tools],
    }
    if not streamed:
        return _said_in_message(await api.create(**request))
    async with api.stream(**request) as stream:
        events: list[Any] = [event async for event in stream]
        said = _said_in_message(await stream.get_final_message())
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    parts = [delta.partial_json for delta in deltas if delta.type == "input_json_delta"]
    return said._replace(arguments="".join(parts)) if said.tool else said


def _said_in_message(message: Any) -> Said:
    refusal = message.stop_details.type if message.stop_details else None
    block = message.content[0] if message.content else None
    if block is not None and block.type == "tool_use":
        return Said(message.stop_reason, refusal=refusal, tool=block.name, arguments=block.input)
    return Said(message.stop_reason, block.text if block else "", refusal)


async def gemini(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    api = Gemini(api_key="any", http_options=types.HttpOptions(httpx_async_client=stage.http())).aio.models
    declared: Any = [{"name": name, "parameters_json_schema": PARAMETERS} for name in tools]
    request: Any = {"model": "gemini-3-flash-preview", "contents": RIVERS}
    request |= {"config": {"tools": [{"function_declarations": declared}]}} if declared else {}
    if not streamed:
        return _said_by_candidates((await api.generate_content(**request)).candidates)
    chunks: list[Any] = [chunk async for chunk in await api.generate_content_stream(**request)]
    return _said_by_candidates([chunk.candidates[0] for chunk in chunks])


def _said_by_candidates(candidates: Any) -> Said:
    parts = [part for one in candidates if one.content for part in one.content.parts]
    calls = [part.function_call for part in parts if part.function_call]
    rating = next((rating for one in candidates for rating in one.safety_ratings or () if rating.blocked), None)
    return Said(
        candidates[-1].finish_reason.value,
        "".join(part.text or "" for part in parts),
        rating and rating.category.value,
        calls[0].name if calls else None,
        calls[0].args if calls else None,
    )


async def converse(stage: Stage, tools: Sequence[str], *, streamed: bool) -> Said:
    specs = [{"toolSpec": {"name": name, "inputSchema": {"json": PARAMETERS}}} for name in tools]
    body: Any = {"messages": [{"role": "user", "content": [{"text": RIVERS}]}]}
    body |= {"toolConfig": {"tools": specs}} if specs else {}
    path = f"{CONVERSE}/converse-stream" if streamed else f"{CONVERSE}/converse"
    answer = await stage.http().post(path, json=body, headers={"authorization": "Bearer any"})
    return _said_in_frames(answer.content) if streamed else _said_in_turn(answer.json())


def _said_in_turn(turn: Any) -> Said:
    block: Any = next(iter(turn["output"]["message"]["content"]), {})
    used = block.get("toolUse", {})
    return Said(turn["stopReason"], block.get("text", ""), None, used.get("name"), used.get("input"))


def _said_in_frames(data: bytes) -> Said:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    frames = [(frame.headers[":event-type"], json.loads(frame.payload)) for frame in buffer]
    started = [told["start"]["toolUse"]["name"] for name, told in frames if name == "contentBlockStart"]
    deltas = [told["delta"] for name, told in frames if name == "contentBlockDelta"]
    [why] = [told["stopReason"] for name, told in frames if name == "messageStop"]
    text = "".join(delta.get("text", "") for delta in deltas)
    arguments = "".join(delta["toolUse"]["input"] for delta in deltas if "toolUse" in delta)
    return Said(why, text, None, started[0] if started else None, arguments)


Surface = Callable[..., Awaitable[Said]]
SURFACES: Mapping[str, Surface] = {
    "chat": chat,
    "responses": responses,
    "anthropic": messages,
    "invoke": invoke,
    "gemini": gemini,
    "converse": converse,
}
CUT = {
    "chat": "length",
    "responses": "incomplete",
    "anthropic": "max_tokens",
    "invoke": "max_tokens",
    "gemini": "MAX_TOKENS",
    "converse": "max_tokens",
}
REFUSED = {
    "chat": ("stop", SORRY),
    "responses": ("completed", SORRY),
    "anthropic": ("refusal", "refusal"),
    "invoke": ("refusal", "refusal"),
    "gemini": ("SAFETY", "HARM_CATEGORY_DANGEROUS_CONTENT"),
    "converse": ("content_filtered", None),
}
every_surface = pytest.mark.parametrize("surface", SURFACES)
whole_and_streamed = pytest.mark.parametrize("streamed", [False, True])


@pytest.fixture
def stage() -> Stage:
    return a_stage()


def ask(stage: Stage, surface: str, *tools: str, streamed: bool = False) -> Said:
    return stage.run(lambda: SURFACES[surface](stage, tools, streamed=streamed))


def ordinary(surface: str, *tools: str, streamed: bool = False) -> Said:
    """Return what the same call says in a world where nothing is odd."""
    return ask(a_stage(), surface, *tools, streamed=streamed)


@whole_and_streamed
@every_surface
def test_a_refusal_is_an_answer_without_a_text(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("refusal"))
    said = ask(stage, surface, streamed=streamed)
    assert (said.why, said.refusal) == REFUSED[surface]
    assert said.text == ""
    assert [call.outcome for call in stage.sim.calls] == ["refused"]


@whole_and_streamed
@every_surface
def test_a_model_that_declines_calls_no_tool(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("refusal", after_tokens=3))
    said = ask(stage, surface, "weather", streamed=streamed)
    assert said.why == REFUSED[surface][0]
    assert (said.tool, said.text) == (None, "")


@whole_and_streamed
@every_surface
def test_a_refusal_may_come_in_the_middle_of_an_answer(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("refusal", after_tokens=20))
    said = ask(stage, surface, streamed=streamed)
    assert (said.why, said.refusal) == REFUSED[surface]
    assert said.text
    assert ordinary(surface).text.startswith(said.text)


def test_whoever_asks_again_after_a_refusal_is_noticed(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("refusal"))
    ask(stage, "chat")
    assert ask(stage, "chat").text
    assert [one.kind for one in stage.sim.verdict().findings] == ["retried_what_must_not_be"]


def test_a_refusal_of_a_structured_answer_is_left_unparsed(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("refusal"))
    api = openai_of(stage).chat.completions
    answer = stage.run(lambda: api.parse(model="gpt-5.2", messages=MESSAGES, response_format=Forecast))
    assert (answer.choices[0].message.parsed, answer.choices[0].message.refusal) == (None, SORRY)


@whole_and_streamed
@every_surface
def test_an_answer_is_cut_where_the_script_says(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("max_tokens", after_tokens=20))
    said, whole = ask(stage, surface, streamed=streamed), ordinary(surface)
    assert said.why == CUT[surface]
    assert 0 < len(said.text) < len(whole.text)
    assert whole.text.startswith(said.text)


@pytest.mark.parametrize("after_tokens", [None, 100_000])
@every_surface
def test_an_answer_is_always_cut_before_its_end(stage: Stage, surface: str, after_tokens: int | None) -> None:
    stage.sim.on().do(aijobs.fail("max_tokens", after_tokens=after_tokens))
    said = ask(stage, surface)
    assert said.why == CUT[surface]
    assert len(said.text) < len(ordinary(surface).text)


@whole_and_streamed
@every_surface
def test_a_call_of_a_tool_may_be_cut_as_well(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("max_tokens", after_tokens=1))
    said = ask(stage, surface, "weather", streamed=streamed)
    assert (said.why, said.tool) == (CUT[surface], "weather")
    assert said.arguments != ordinary(surface, "weather", streamed=streamed).arguments


@whole_and_streamed
@every_surface
def test_a_cut_before_the_first_token_leaves_nothing(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("max_tokens", after_tokens=0))
    said = ask(stage, surface, "weather", streamed=streamed)
    assert (said.why, said.tool, said.text) == (CUT[surface], None, "")


def test_a_cut_structured_answer_is_no_json(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("max_tokens", after_tokens=3))
    api = openai_of(stage).chat.completions
    with pytest.raises(openai.LengthFinishReasonError) as cut:
        stage.run(lambda: api.parse(model="gpt-5.2", messages=MESSAGES, response_format=Forecast))
    assert (cut.value.completion.choices[0].message.content or "").startswith('{"')


@pytest.mark.parametrize(
    ("surface", "streamed"),
    [
        ("chat", False),
        ("chat", True),
        ("responses", False),
        ("responses", True),
        ("anthropic", True),
        ("converse", True),
    ],
)
def test_bad_arguments_that_are_sent_as_text_break_off(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("bad_tool_args"))
    said = ask(stage, surface, "weather", streamed=streamed)
    assert (said.why, said.tool) == (ordinary(surface, "weather").why, "weather")
    with pytest.raises(json.JSONDecodeError):
        json.loads(said.arguments)


@pytest.mark.parametrize(
    ("surface", "streamed"), [("anthropic", False), ("gemini", False), ("gemini", True), ("converse", False)]
)
def test_bad_arguments_that_are_sent_as_an_object_do_not_fit(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("bad_tool_args"))
    said = ask(stage, surface, "weather", streamed=streamed)
    assert said.tool == "weather"
    assert not isinstance(said.arguments["city"], str)


@whole_and_streamed
@every_surface
def test_an_unknown_tool_has_a_name_near_to_one_that_was_offered(stage: Stage, surface: str, streamed: bool) -> None:
    stage.sim.on().do(aijobs.fail("unknown_tool"))
    said = ask(stage, surface, "weather", "weather_2", streamed=streamed)
    assert said.tool == "weather_3"
    assert "city" in said.arguments


@pytest.mark.parametrize("kind", ["bad_tool_args", "unknown_tool"])
@every_surface
def test_without_tools_there_is_nothing_to_call_wrongly(stage: Stage, surface: str, kind: str) -> None:
    stage.sim.on().do(aijobs.fail(kind))
    assert ask(stage, surface) == ordinary(surface)


@every_surface
def test_after_an_odd_answer_the_world_is_ordinary_again(stage: Stage, surface: str) -> None:
    stage.sim.on(prompt="*rivers*").do(aijobs.fail("refusal"), aijobs.ok("Rivers run."))
    ask(stage, surface)
    assert ask(stage, surface).text == "Rivers run."
