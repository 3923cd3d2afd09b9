"""OpenAI's own library over the simulation."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from pydantic import BaseModel

import aijobs_sdk as aijobs
from simulation.wire.vendors_in_process import Stage, a_stage

RIVERS: list[Any] = [{"role": "user", "content": "Tell me about rivers"}]
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
CHAT_TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
TOOLS: list[Any] = [{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": True}]


class City(BaseModel):
    name: str
    population: int
    tags: list[str]


class Forecast(BaseModel):
    city: str
    days: int


@pytest.fixture
def stage() -> Stage:
    return a_stage()


def client(stage: Stage, **options: Any) -> openai.AsyncOpenAI:
    given: dict[str, Any] = {"api_key": "sk-any", "max_retries": 0, "_strict_response_validation": True}
    return openai.AsyncOpenAI(http_client=stage.http(), **given | options)


async def chat(stage: Stage, **request: Any) -> Any:
    return await client(stage).chat.completions.create(**{"model": "gpt-5.2", "messages": RIVERS} | request)


async def streamed_chat(stage: Stage, **request: Any) -> list[Any]:
    return [chunk async for chunk in await chat(stage, stream=True, **request)]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_a_chat_completion_has_text_usage_and_a_request_id(stage: Stage) -> None:
    answer = stage.run(lambda: chat(stage))
    assert answer.choices[0].finish_reason == "stop"
    assert "ivers" in answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0
    assert answer._request_id.startswith("req_")


def test_a_streamed_chat_is_the_same_text(stage: Stage) -> None:
    chunks = stage.run(lambda: streamed_chat(stage))
    assert text_of(chunks) == stage.run(lambda: chat(stage)).choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_usage_ends_a_stream_that_asks_for_it(stage: Stage) -> None:
    chunks = stage.run(lambda: streamed_chat(stage, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0


def test_reasoning_counts_as_output(stage: Stage) -> None:
    usage = stage.run(lambda: chat(stage, reasoning_effort="low")).usage
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_a_limit_on_tokens_cuts_the_answer(stage: Stage) -> None:
    answer = stage.run(lambda: chat(stage, max_completion_tokens=5))
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens <= 5


def test_a_chat_calls_a_tool_with_arguments_that_fit(stage: Stage) -> None:
    choice = stage.run(lambda: chat(stage, tools=CHAT_TOOLS)).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert 1 <= Forecast.model_validate_json(choice.message.tool_calls[0].function.arguments).days <= 7


def test_a_streamed_tool_call_adds_up_to_the_same_arguments(stage: Stage) -> None:
    chunks = stage.run(lambda: streamed_chat(stage, tools=CHAT_TOOLS))
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    whole = stage.run(lambda: chat(stage, tools=CHAT_TOOLS)).choices[0].message.tool_calls[0]
    assert "".join(call.function.arguments or "" for call in calls) == whole.function.arguments
    assert calls[0].function.name == "weather"


CALLING = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
}
ANSWERING = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


@pytest.mark.parametrize("asked", [{"tool_choice": "none"}, {"messages": [*RIVERS, CALLING, ANSWERING]}])
def test_no_tool_is_called_where_it_was_forbidden_or_has_answered(stage: Stage, asked: Mapping[str, Any]) -> None:
    choice = stage.run(lambda: chat(stage, tools=CHAT_TOOLS, **asked)).choices[0]
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)


def test_structured_chat_output_fits_its_model(stage: Stage) -> None:
    parse = client(stage).chat.completions.parse
    answer = stage.run(lambda: parse(model="gpt-5.2", messages=RIVERS, response_format=City))
    assert isinstance(answer.choices[0].message.parsed, City)


async def respond(stage: Stage, **request: Any) -> Any:
    return await client(stage).responses.create(**{"model": "gpt-5.2", "input": "Tell me about rivers"} | request)


async def streamed_response(stage: Stage, **request: Any) -> tuple[list[str], Any]:
    asked = {"model": "gpt-5.2", "input": "Tell me about rivers"} | request
    async with client(stage).responses.stream(**asked) as stream:
        kinds: list[str] = [event.type async for event in stream]
        return kinds, await stream.get_final_response()


def test_a_response_has_text_and_usage(stage: Stage) -> None:
    answer = stage.run(lambda: respond(stage))
    assert (answer.status, answer.usage.input_tokens_details.cached_tokens) == ("completed", 0)
    assert "ivers" in answer.output_text


def test_a_streamed_response_is_the_same_text(stage: Stage) -> None:
    kinds, final = stage.run(lambda: streamed_response(stage))
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert final.output_text == stage.run(lambda: respond(stage)).output_text


def test_a_response_thinks_where_it_was_asked_to(stage: Stage) -> None:
    kinds, final = stage.run(lambda: streamed_response(stage, reasoning={"effort": "low", "summary": "auto"}))
    assert "response.reasoning_summary_text.delta" in kinds
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert final.usage.output_tokens_details.reasoning_tokens > 0


def test_thoughts_are_shown_only_to_who_asks_for_a_summary(stage: Stage) -> None:
    kinds, final = stage.run(lambda: streamed_response(stage, reasoning={"effort": "low"}))
    assert not any("summary" in kind for kind in kinds)
    assert (final.output[0].type, final.output[0].summary) == ("reasoning", [])
    assert final.usage.output_tokens_details.reasoning_tokens > 0


def test_thoughts_come_encrypted_for_who_keeps_the_conversation(stage: Stage) -> None:
    asked = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"], "store": False}
    thoughts = stage.run(lambda: respond(stage, **asked)).output[0]
    answer = stage.run(lambda: respond(stage, input=[*RIVERS, thoughts.model_dump(exclude_none=True)]))
    assert thoughts.encrypted_content
    assert answer.status == "completed"


def test_a_response_calls_a_tool_with_arguments_that_fit(stage: Stage) -> None:
    _, final = stage.run(lambda: streamed_response(stage, tools=TOOLS))
    assert 1 <= Forecast.model_validate_json(final.output[0].arguments).days <= 7
    assert final.output[0].arguments == stage.run(lambda: respond(stage, tools=TOOLS)).output[0].arguments


def test_structured_response_output_fits_its_model(stage: Stage) -> None:
    answer = stage.run(lambda: client(stage).responses.parse(model="gpt-5.2", input="A city", text_format=City))
    assert isinstance(answer.output_parsed, City)


def test_a_picture_is_a_png_of_the_size_that_was_asked_for(stage: Stage) -> None:
    draw: Any = client(stage).images.generate
    answer = stage.run(lambda: draw(model="gpt-image-2", prompt="A red fox", size="1536x1024", n=2))
    pictures = [Image.open(io.BytesIO(base64.b64decode(one.b64_json))) for one in answer.data]
    assert [(picture.format, picture.size) for picture in pictures] == [("PNG", (1536, 1024))] * 2
    assert answer.usage.output_tokens_details.image_tokens > 0


@pytest.mark.parametrize("wrong", [{"size": "1x1"}, {"quality": "standard"}, {"n": 11}, {"size": ["1x1"]}])
def test_a_picture_that_cannot_be_asked_for_is_refused_by_the_field(stage: Stage, wrong: dict[str, Any]) -> None:
    draw: Any = client(stage).images.generate
    with pytest.raises(openai.BadRequestError) as refused:
        stage.run(lambda: draw(model="gpt-image-2", prompt="A red fox", **wrong))
    assert refused.value.param in wrong


def test_a_model_that_was_shut_down_is_not_found(stage: Stage) -> None:
    draw: Any = client(stage).images.generate
    with pytest.raises(openai.NotFoundError):
        stage.run(lambda: draw(model="gpt-image-1", prompt="A red fox"))


def drawn(stage: Stage) -> Any:
    draw: Any = client(stage).images.generate
    return stage.run(lambda: draw(prompt="A red fox")).data[0].b64_json


def test_the_same_prompt_and_seed_draw_the_same_picture() -> None:
    assert drawn(a_stage(seed=1)) == drawn(a_stage(seed=1)) != drawn(a_stage(seed=2))


def test_a_script_may_have_words_said_where_there_are_tools(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.ok(text="No need to look."))
    choice = stage.run(lambda: chat(stage, tools=CHAT_TOOLS)).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("stop", "No need to look.")


def test_embeddings_have_length_one_and_depend_on_the_text_alone(stage: Stage) -> None:
    embed = client(stage, _strict_response_validation=False).embeddings.create
    data = stage.run(lambda: embed(model="text-embedding-3-small", input=["a", "b", "a"], dimensions=64)).data
    assert sum(value * value for value in data[0].embedding) == pytest.approx(1, abs=1e-5)
    assert data[0].embedding == data[2].embedding != data[1].embedding


def test_models_can_be_listed_and_looked_up(stage: Stage) -> None:
    async def look() -> tuple[list[str], str]:
        api = client(stage)
        return [model.id async for model in api.models.list()], (await api.models.retrieve("gpt-5.2")).id

    names, found = stage.run(look)
    assert found in names


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (400, openai.BadRequestError, None),
        (401, openai.AuthenticationError, "invalid_api_key"),
        (403, openai.PermissionDeniedError, None),
        (404, openai.NotFoundError, "not_found"),
        (429, openai.RateLimitError, "rate_limit_exceeded"),
        (500, openai.InternalServerError, None),
        ("overloaded", openai.InternalServerError, None),
        ("quota_exhausted", openai.RateLimitError, "insufficient_quota"),
        ("context_too_long", openai.BadRequestError, "context_length_exceeded"),
        ("content_filter", openai.BadRequestError, "content_policy_violation"),
        ("connect_error", openai.APIConnectionError, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_faults_come_as_the_librarys_own_errors(
    stage: Stage, fault: int | str, error: type[openai.APIError], code: str | None, stream: bool
) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail(fault))
    with pytest.raises(error) as failed:
        stage.run(lambda: chat(stage, stream=stream))
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", openai.APIConnectionError),
        ("stall", openai.APITimeoutError),
        ("timeout", openai.APITimeoutError),
        ("error_event", openai.APIError),
        ("malformed_event", ValueError),
    ],
)
def test_broken_streams_come_as_the_librarys_own_errors(stage: Stage, fault: str, error: type[Exception]) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail(fault, after_tokens=20))
    api = client(stage, timeout=5)

    async def read() -> None:
        async for _ in await api.chat.completions.create(model="gpt-5.2", messages=RIVERS, stream=True):
            pass

    with pytest.raises(error):
        stage.run(read)


def test_a_truncated_stream_ends_without_a_finish_reason(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail("truncate"))
    chunks = stage.run(lambda: streamed_chat(stage))
    assert {chunk.choices[0].finish_reason for chunk in chunks} == {None}


@pytest.mark.parametrize("quirk", ["split_utf8", "duplicate_event"])
def test_a_careful_reader_survives_quirks(stage: Stage, quirk: str) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail(quirk))
    assert stage.run(lambda: streamed_chat(stage))[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"messages": []}, "messages"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"model": "gpt-9"}, "model"),
        ({"stop": ""}, "stop"),
        ({"stop": ["END", ""]}, "stop"),
        ({"n": 3}, "n"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "weather", "parameters": "city"}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": CHAT_TOOLS, "tool_choice": {"type": "function", "function": {"name": "nope"}}}, "tool_choice"),
    ],
)
def test_what_openai_refuses_is_refused_in_its_words(stage: Stage, request_: Mapping[str, Any], param: str) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as refused:
        stage.run(lambda: chat(stage, **request_))
    assert (refused.value.param, refused.value.type) == (param, "invalid_request_error")


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"tools": [{"type": "function", "parameters": {}}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "weather", "parameters": []}]}, "tools[0].parameters"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "name": "nope"}}, "tool_choice"),
        (
            {"tools": TOOLS, "tool_choice": {"type": "allowed_tools", "tools": [{"type": "function", "name": "no"}]}},
            "tool_choice",
        ),
    ],
)
def test_responses_refuse_tools_that_cannot_be_read(stage: Stage, request_: Mapping[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        stage.run(lambda: respond(stage, **request_))
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"input": {"text": "river"}}, "input"),
        ({"input": ["river", ""]}, "input"),
        ({"input": ["river", None]}, "input"),
        ({"model": ["text-embedding-3-small"]}, "model"),
        ({"dimensions": 5000}, "dimensions"),
        ({"dimensions": 10**9}, "dimensions"),
    ],
)
def test_what_has_no_embedding_is_refused(stage: Stage, request_: Mapping[str, Any], param: str) -> None:
    asked: dict[str, Any] = {"model": "text-embedding-3-small", "input": "river"} | dict(request_)
    with pytest.raises(openai.BadRequestError) as refused:
        stage.run(lambda: client(stage).embeddings.create(**asked))
    assert refused.value.param == param


def test_a_list_of_tokens_has_one_embedding(stage: Stage) -> None:
    asked: dict[str, Any] = {"model": "text-embedding-3-small", "input": [1, 2, 3], "encoding_format": "float"}
    answer = stage.run(lambda: client(stage).embeddings.create(**asked))
    assert (len(answer.data), answer.usage.prompt_tokens) == (1, 3)


TIDES = {"name": "tides", "parameters": PARAMETERS}


def test_only_an_allowed_tool_is_called_in_chat(stage: Stage) -> None:
    tools = [*CHAT_TOOLS, {"type": "function", "function": TIDES}]
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "tides"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    answer = stage.run(lambda: chat(stage, tools=tools, tool_choice=choice))
    assert [call.function.name for call in answer.choices[0].message.tool_calls] == ["tides"]


def test_only_an_allowed_tool_is_called_in_responses(stage: Stage) -> None:
    tools = [*TOOLS, {"type": "function", **TIDES}]
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "tides"}]}
    answer = stage.run(lambda: respond(stage, tools=tools, tool_choice=choice))
    assert [item.name for item in answer.output] == ["tides"]


def test_json_mode_is_an_object_in_responses_too(stage: Stage) -> None:
    answer = stage.run(lambda: respond(stage, text={"format": {"type": "json_object"}}))
    assert isinstance(json.loads(answer.output_text), dict)


PICTURE = "data:image/png;base64,iVBORw0KGgo="


def test_a_file_in_a_prompt_is_counted(stage: Stage) -> None:
    file = {"type": "input_file", "filename": "water.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    answer = stage.run(lambda: respond(stage, input=[{"role": "user", "content": [file]}]))
    assert answer.usage.input_tokens == 1600


def test_pictures_and_tools_are_read_in_chat(stage: Stage) -> None:
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]
    plain = stage.run(lambda: chat(stage, messages=messages))
    tooled = stage.run(lambda: chat(stage, messages=messages, tools=CHAT_TOOLS))
    assert plain.usage.prompt_tokens == 1600
    assert 1630 < tooled.usage.prompt_tokens < 1700


def test_pictures_and_tools_are_read_in_responses(stage: Stage) -> None:
    given = [{"role": "user", "content": [{"type": "input_image", "image_url": PICTURE, "detail": "auto"}]}]
    plain = stage.run(lambda: respond(stage, input=given))
    tooled = stage.run(lambda: respond(stage, input=given, tools=TOOLS))
    assert plain.usage.input_tokens == 1600
    assert 1630 < tooled.usage.input_tokens < 1700


def test_a_rate_limit_says_what_is_left_and_when_to_come_back(stage: Stage) -> None:
    stage.sim.limit(model="gpt-5.2", requests_per_minute=2)

    async def ask() -> Any:
        return await client(stage).chat.completions.with_raw_response.create(model="gpt-5.2", messages=RIVERS)

    async def ask_three_times() -> openai.RateLimitError:
        assert (await ask()).headers["x-ratelimit-remaining-requests"] == "1"
        await ask()
        with pytest.raises(openai.RateLimitError) as refused:
            await ask()
        return refused.value

    refused = stage.run(ask_three_times)
    assert int(refused.response.headers["retry-after-ms"]) <= 30_000
    assert refused.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_thirty_rate_limits_and_a_long_stream_take_ten_virtual_minutes(stage: Stage) -> None:
    stage.sim.on(model="gpt-5.2").do(aijobs.fail(429, retry_after=20) * 30, aijobs.ok(tokens=300))
    api = client(stage, max_retries=40)

    async def read() -> int:
        stream = await api.chat.completions.create(model="gpt-5.2", messages=RIVERS, stream=True)
        return len([chunk async for chunk in stream])

    assert stage.run(read) > 30
    assert stage.sim.now >= 600


def test_older_clients_on_httpx_are_served_as_well(stage: Stage) -> None:
    api = openai.AsyncOpenAI(api_key="sk-any", max_retries=0, http_client=stage.http(httpx))
    answer = stage.run(lambda: api.chat.completions.create(model="gpt-5.2", messages=RIVERS))
    assert answer.choices[0].message.content


def test_a_caller_without_a_key_is_refused(stage: Stage) -> None:
    answer = stage.run(lambda: stage.http().post("https://api.openai.com/v1/chat/completions", json={}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_mock_mode_knows_no_other_host(stage: Stage) -> None:
    http = stage.http()
    with pytest.raises(Exception, match="nothing was sent"):
        stage.run(lambda: http.get("https://example.org/"))


@pytest.mark.parametrize(
    ("turns", "param", "problem"),
    [
        ([CALLING], "messages", "did not have response messages: call_1"),
        ([CALLING, *RIVERS], "messages[2].role", "did not have response messages: call_1"),
        ([ANSWERING], "messages[1].role", "must be a response to a preceding message"),
        ([CALLING, ANSWERING, *RIVERS, ANSWERING], "messages[4].role", "must be a response to a preceding message"),
        ([{"role": "bot", "content": "hi"}], "messages[1].role", "Invalid value: 'bot'"),
        (["hi"], "messages[1]", "expected an object"),
    ],
)
def test_chat_messages_that_do_not_belong_together_are_refused(
    stage: Stage, turns: list[Any], param: str, problem: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(problem)) as caught:
        stage.run(lambda: chat(stage, tools=CHAT_TOOLS, messages=[*RIVERS, *turns]))
    assert caught.value.param == param


CALLED = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ([CALLED], "No tool output found for function call call_1."),
        ([OUTPUT], "No tool call found for function call output with call_id call_1."),
        ([{"role": "bot", "content": "hi"}], "Invalid value: 'bot'"),
    ],
)
def test_items_of_a_response_that_do_not_belong_together_are_refused(
    stage: Stage, items: list[Any], problem: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(problem)):
        stage.run(lambda: respond(stage, input=[*RIVERS, *items]))


def test_an_output_answers_a_call_of_the_response_before(stage: Stage) -> None:
    async def play() -> Any:
        called = await respond(stage, tools=TOOLS)
        output = {"type": "function_call_output", "call_id": called.output[-1].call_id, "output": "sunny"}
        return await respond(stage, input=[output], tools=TOOLS, previous_response_id=called.id)

    answer = stage.run(play)
    assert (answer.status, answer.output[-1].type) == ("completed", "message")


def test_a_conversation_goes_on_from_the_response_that_is_named(stage: Stage) -> None:
    async def play() -> Sequence[Any]:
        first = await respond(stage)
        second = await respond(stage, input="And lakes?", previous_response_id=first.id)
        return first, second, await respond(stage, input="And seas?", previous_response_id=second.id)

    first, second, third = stage.run(play)
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.total_tokens
    assert third.usage.input_tokens > second.usage.total_tokens


def test_a_streamed_response_can_be_gone_on_from(stage: Stage) -> None:
    async def play() -> Any:
        events = [event async for event in await respond(stage, stream=True)]
        return await respond(stage, input="And lakes?", previous_response_id=events[-1].response.id)

    assert stage.run(play).usage.input_tokens > 100


@pytest.mark.parametrize("request_", [{"previous_response_id": "resp_1"}, {"store": False}])
def test_a_response_that_is_not_kept_is_not_gone_on_from(stage: Stage, request_: dict[str, Any]) -> None:
    async def play() -> None:
        id_ = request_.get("previous_response_id") or (await respond(stage, **request_)).id
        await respond(stage, previous_response_id=id_)

    with pytest.raises(openai.BadRequestError, match=r"Previous response with id 'resp_.*' not found") as caught:
        stage.run(play)
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_another_callers_response_is_not_gone_on_from(stage: Stage) -> None:
    async def play() -> None:
        theirs = await respond(stage)
        ours = client(stage, api_key="sk-another").responses
        await ours.create(model="gpt-5.2", input="And lakes?", previous_response_id=theirs.id)

    with pytest.raises(openai.BadRequestError, match="not found"):
        stage.run(play)


def test_a_kept_response_is_looked_at_again_until_it_is_deleted(stage: Stage) -> None:
    async def play() -> None:
        answer, kept = await respond(stage), client(stage).responses
        assert (await kept.retrieve(answer.id)).output_text == answer.output_text
        await kept.delete(answer.id)
        await kept.retrieve(answer.id)

    with pytest.raises(openai.NotFoundError, match=r"Response with id 'resp_.*' not found"):
        stage.run(play)


@pytest.mark.parametrize(
    ("ask", "request_", "param"),
    [
        (chat, {"logprobs": True}, "logprobs"),
        (chat, {"top_logprobs": 3}, "top_logprobs"),
        (chat, {"n": 2}, "n"),
        (respond, {"top_logprobs": 3}, "top_logprobs"),
        (respond, {"include": ["message.output_text.logprobs"]}, "include"),
        (respond, {"background": True}, "background"),
    ],
)
def test_what_would_make_it_another_answer_is_refused_by_name(
    stage: Stage, ask: Callable[..., Any], request_: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        stage.run(lambda: ask(stage, **request_))
    assert caught.value.param == param


def test_an_answer_tells_how_long_it_took_in_its_world() -> None:
    stage = a_stage(profile="typical")
    stage.sim.on().do(aijobs.ok(tokens=600))  # at some 75 a second
    answer = stage.run(lambda: client(stage).responses.with_raw_response.create(model="gpt-5.2", input="hi"))
    # Between its end and now this machine has worked for some milliseconds, which pass in that world as well.
    assert answer.elapsed.total_seconds() == pytest.approx(stage.sim.now, abs=0.5)
    assert stage.sim.now > 5


@pytest.mark.parametrize("ask", [chat, respond])
def test_a_call_can_only_be_demanded_where_there_are_tools(stage: Stage, ask: Callable[..., Any]) -> None:
    with pytest.raises(openai.BadRequestError, match="only allowed when 'tools' are specified"):
        stage.run(lambda: ask(stage, tool_choice="required"))
