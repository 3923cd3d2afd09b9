"""Google's own library over the simulation, as a client of the Gemini API and of Vertex AI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

import httpx
import httpx2
import pytest
from google.genai import Client, errors, types
from google.oauth2.credentials import Credentials
from pydantic import BaseModel

import aijobs_sdk as aijobs
from simulation.wire.vendors_in_process import Stage, a_stage

FLASH = "gemini-3-flash-preview"
RIVERS = "Tell me about rivers"
GEMINI = "https://generativelanguage.googleapis.com"
CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "gemini": {"api_key": "any"},
    "vertex": {
        "vertexai": True,
        "project": "any",
        "location": "europe-west2",
        "credentials": Credentials("any"),  # type: ignore[no-untyped-call]
    },
    "express": {"vertexai": True, "api_key": "any"},
}
DECLARED = [
    {"name": "weather", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}},
    {"name": "tides", "parameters_json_schema": {"type": "object", "properties": {"day": {"type": "integer"}}}},
]
TOOLS = [{"function_declarations": DECLARED}]


class City(BaseModel):
    name: str
    population: int
    tags: list[str]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@pytest.fixture
def stage() -> Stage:
    return a_stage()


every_client = pytest.mark.parametrize("kind", CLIENTS)


def models(stage: Stage, kind: str = "gemini", *, library: Any = httpx2, **options: Any) -> Any:
    http_options = types.HttpOptions(httpx_async_client=stage.http(library), **options)
    return Client(**CLIENTS[kind], http_options=http_options).aio.models


async def ask(stage: Stage, contents: Any = RIVERS, *, kind: str = "gemini", model: str = FLASH, **config: Any) -> Any:
    return await models(stage, kind).generate_content(model=model, contents=contents, config=config)


async def stream(stage: Stage, contents: Any = RIVERS, *, kind: str = "gemini", **config: Any) -> list[Any]:
    chunks: list[Any] = []
    await collect(chunks, stage, contents, kind=kind, **config)
    return chunks


async def collect(
    chunks: list[Any], stage: Stage, contents: Any = RIVERS, *, kind: str = "gemini", **config: Any
) -> None:
    answer = await models(stage, kind, timeout=30_000).generate_content_stream(
        model=FLASH, contents=contents, config=config
    )
    async for chunk in answer:
        chunks.append(chunk)  # noqa: PERF401 - what came before a failure is to stay


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.text or "" for chunk in chunks)


async def post(stage: Stage, path: str, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await stage.http().post(f"{GEMINI}{path}", json=body, headers=named)


def says(text: str, role: Any = "user") -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": [{"text": text}]}]}


@every_client
def test_an_answer_has_text_usage_and_names(stage: Stage, kind: str) -> None:
    answer = stage.run(lambda: ask(stage, kind=kind))
    usage = answer.usage_metadata
    assert "ivers" in answer.text
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert usage.prompt_tokens_details[0].token_count == usage.prompt_token_count
    assert answer.model_version == FLASH
    assert answer.response_id


@every_client
def test_a_stream_has_the_text_and_the_usage_of_the_whole_answer(kind: str) -> None:
    whole_stage, stream_stage = a_stage(), a_stage()
    whole = whole_stage.run(lambda: ask(whole_stage, kind=kind))
    chunks = stream_stage.run(lambda: stream(stream_stage, kind=kind))
    assert text_of(chunks) == whole.text
    assert len(chunks) > 5
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert [chunk.candidates[0].finish_reason for chunk in chunks[-2:]] == [None, types.FinishReason.STOP]


def test_only_vertex_tells_the_time_and_the_traffic(stage: Stage) -> None:
    vertex = stage.run(lambda: ask(stage, kind="vertex"))
    gemini = stage.run(lambda: ask(stage))
    assert vertex.create_time.year == 2026
    assert vertex.usage_metadata.traffic_type is types.TrafficType.ON_DEMAND
    assert (gemini.create_time, gemini.usage_metadata.traffic_type) == (None, None)


def test_older_clients_on_httpx_work_as_well(stage: Stage) -> None:
    answer = stage.run(lambda: models(stage, library=httpx).generate_content(model=FLASH, contents=RIVERS))
    assert "ivers" in answer.text


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_of_the_api_is_there(stage: Stage, version: str) -> None:
    answer = stage.run(lambda: models(stage, api_version=version).generate_content(model=FLASH, contents=RIVERS))
    assert answer.text


def test_a_limit_on_tokens_cuts_the_answer(stage: Stage) -> None:
    answer = stage.run(lambda: ask(stage, max_output_tokens=5))
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert answer.usage_metadata.candidates_token_count <= 5


def test_an_answer_ends_before_a_stop_sequence(stage: Stage) -> None:
    stage.sim.on().do(aijobs.ok("one two three"))
    assert stage.run(lambda: ask(stage, stop_sequences=["two"])).text == "one "


@every_client
@pytest.mark.parametrize(
    "schema", [{"response_schema": City}, {"response_json_schema": City.model_json_schema()}], ids=["own", "json"]
)
def test_structured_output_fits_its_schema(stage: Stage, kind: str, schema: Mapping[str, Any]) -> None:
    answer = stage.run(lambda: ask(stage, kind=kind, response_mime_type="application/json", **schema))
    assert City.model_validate_json(answer.text).tags


def test_the_library_parses_structured_output(stage: Stage) -> None:
    answer = stage.run(lambda: ask(stage, response_mime_type="application/json", response_schema=City))
    assert isinstance(answer.parsed, City)


def test_json_without_a_schema_is_an_object(stage: Stage) -> None:
    answer = stage.run(lambda: ask(stage, response_mime_type="application/json"))
    assert isinstance(json.loads(answer.text), dict)


def test_a_choice_of_words_comes_without_quotes(stage: Stage) -> None:
    answer = stage.run(lambda: ask(stage, response_mime_type="text/x.enum", response_schema=Colour))
    assert answer.text in {"red", "blue"}


@every_client
def test_a_model_with_tools_calls_one(stage: Stage, kind: str) -> None:
    answer = stage.run(lambda: ask(stage, kind=kind, tools=TOOLS))
    (call,) = answer.function_calls
    assert (call.name, type(call.args["city"])) == ("weather", str)
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.candidates[0].content.parts[0].thought_signature


def test_a_streamed_call_comes_whole(stage: Stage) -> None:
    chunks = stage.run(lambda: stream(stage, tools=TOOLS))
    assert [chunk.function_calls[0].name for chunk in chunks] == ["weather"]
    assert chunks[0].function_calls[0].args["city"]


@every_client
def test_only_allowed_functions_are_called(stage: Stage, kind: str) -> None:
    choice = {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["tides"]}}
    answer = stage.run(lambda: ask(stage, kind=kind, tools=TOOLS, tool_config=choice))
    assert [call.name for call in answer.function_calls] == ["tides"]
    assert isinstance(answer.function_calls[0].args["day"], int)


def test_no_function_is_called_where_calls_are_forbidden(stage: Stage) -> None:
    choice = {"function_calling_config": {"mode": "NONE"}}
    answer = stage.run(lambda: ask(stage, tools=TOOLS, tool_config=choice))
    assert answer.function_calls is None
    assert answer.text


def test_the_answer_of_a_function_is_followed_by_words(stage: Stage) -> None:
    called = types.Part.from_function_call(name="weather", args={"city": "Rome"})
    answered = types.Part.from_function_response(name="weather", response={"result": "sunny"})
    turns = [
        types.Content(role="user", parts=[types.Part(text=RIVERS)]),
        types.Content(role="model", parts=[called]),
        types.Content(role="tool", parts=[answered]),
    ]
    answer = stage.run(lambda: ask(stage, turns, tools=TOOLS))
    assert (answer.function_calls, "ivers" in answer.text) == (None, True)


def test_words_after_the_answer_of_a_function_change_nothing_about_it(stage: Stage) -> None:
    turns = [
        types.Content(role="user", parts=[types.Part(text=RIVERS)]),
        types.Content(role="model", parts=[types.Part.from_function_call(name="weather", args={"city": "Rome"})]),
        types.Content(
            role="user", parts=[types.Part.from_function_response(name="weather", response={"output": "sun"})]
        ),
        types.Content(role="user", parts=[types.Part(text="So, do I need a coat?")]),
    ]
    assert stage.run(lambda: ask(stage, turns, tools=TOOLS)).function_calls is None


def test_a_call_with_arguments_that_cannot_be_used_ends_as_malformed(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("bad_tool_args"), aijobs.fail("bad_tool_args"))
    whole = stage.run(lambda: ask(stage, tools=TOOLS)).candidates[0]
    last = stage.run(lambda: stream(stage, tools=TOOLS))[-1].candidates[0]
    assert {whole.finish_reason, last.finish_reason} == {types.FinishReason.MALFORMED_FUNCTION_CALL}


def test_a_scripted_text_is_said_in_words_though_there_are_tools(stage: Stage) -> None:
    stage.sim.on().do(aijobs.ok("It is sunny."))
    assert stage.run(lambda: ask(stage, tools=TOOLS)).text == "It is sunny."


@every_client
@pytest.mark.parametrize("thinking", [{"thinking_level": "LOW"}, {"thinking_budget": 200}, {"thinking_budget": -1}])
def test_thoughts_are_shown_and_counted(stage: Stage, kind: str, thinking: Mapping[str, Any]) -> None:
    answer = stage.run(lambda: ask(stage, kind=kind, thinking_config={"include_thoughts": True, **thinking}))
    thought, said = answer.candidates[0].content.parts
    usage = answer.usage_metadata
    assert (thought.thought, said.thought, answer.text) == (True, None, said.text)
    assert usage.thoughts_token_count > 50
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )


def test_thoughts_nobody_asked_to_see_are_counted_only(stage: Stage) -> None:
    answer = stage.run(lambda: ask(stage, thinking_config={"thinking_level": "LOW"}))
    assert [part.thought for part in answer.candidates[0].content.parts] == [None]
    assert answer.usage_metadata.thoughts_token_count > 50


def test_streamed_thoughts_come_before_the_words(stage: Stage) -> None:
    chunks = stage.run(lambda: stream(stage, thinking_config={"include_thoughts": True, "thinking_level": "LOW"}))
    flags = [bool(chunk.candidates[0].content.parts[0].thought) for chunk in chunks]
    assert flags == sorted(flags, reverse=True)
    assert set(flags) == {True, False}


@every_client
def test_totals_run_through_a_stream(stage: Stage, kind: str) -> None:
    thinking = {"include_thoughts": True, "thinking_level": "LOW"}
    usages = [chunk.usage_metadata for chunk in stage.run(lambda: stream(stage, kind=kind, thinking_config=thinking))]
    totals = [usage.total_token_count for usage in usages]
    assert totals[:-1] == sorted(set(totals[:-1]))
    assert totals[-2:] == [usages[-1].total_token_count] * 2
    assert {usage.prompt_token_count for usage in usages} == {usages[-1].prompt_token_count}


@pytest.mark.parametrize("thinking", [{"thinking_budget": 0}, {"thinking_level": "MINIMAL"}])
def test_the_least_thinking_is_none(stage: Stage, thinking: Mapping[str, Any]) -> None:
    answer = stage.run(lambda: ask(stage, thinking_config=thinking))
    assert answer.usage_metadata.thoughts_token_count is None


def test_cached_content_is_counted(stage: Stage) -> None:
    turns = [
        types.Content(role="user", parts=[types.Part(text="A long story. " * 50)]),
        types.Content(role="user", parts=[types.Part(text=RIVERS)]),
    ]
    usage = stage.run(lambda: ask(stage, turns, cached_content="cachedContents/any")).usage_metadata
    assert 100 < usage.cached_content_token_count < usage.prompt_token_count


@every_client
def test_tokens_are_counted_as_usage_counts_them(stage: Stage, kind: str) -> None:
    counted = stage.run(lambda: models(stage, kind).count_tokens(model=FLASH, contents=RIVERS))
    answer = stage.run(lambda: ask(stage, kind=kind))
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count


def test_pictures_and_functions_are_counted(stage: Stage) -> None:
    picture = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    plain = stage.run(lambda: ask(stage))
    seen = stage.run(lambda: ask(stage, contents=[RIVERS, picture], tools=TOOLS))
    assert 1610 < seen.usage_metadata.prompt_token_count - plain.usage_metadata.prompt_token_count < 1700


@every_client
def test_models_are_listed_and_found_by_their_names(stage: Stage, kind: str) -> None:
    async def listed() -> list[str]:
        return [one.name async for one in await models(stage, kind).list()]

    (name,) = stage.run(listed)
    assert name.endswith(f"models/{FLASH}")
    assert stage.run(lambda: models(stage, kind).get(model=FLASH)).name == name


@every_client
def test_an_unknown_model_is_not_found(stage: Stage, kind: str) -> None:
    with pytest.raises(errors.ClientError, match="models/gemini-9") as caught:
        stage.run(lambda: ask(stage, kind=kind, model="gemini-9"))
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_a_method_nobody_simulates_is_not_found(stage: Stage) -> None:
    with pytest.raises(errors.ClientError, match="not supported for batchEmbedContents"):
        stage.run(lambda: models(stage).embed_content(model=FLASH, contents=RIVERS))


@pytest.mark.parametrize(
    ("fault", "error", "code", "status"),
    [
        (400, errors.ClientError, 400, "INVALID_ARGUMENT"),
        (401, errors.ClientError, 401, "UNAUTHENTICATED"),
        ("auth", errors.ClientError, 401, "UNAUTHENTICATED"),
        (403, errors.ClientError, 403, "PERMISSION_DENIED"),
        (404, errors.ClientError, 404, "NOT_FOUND"),
        ("context_too_long", errors.ClientError, 400, "INVALID_ARGUMENT"),
        (429, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("quota_exhausted", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (500, errors.ServerError, 500, "INTERNAL"),
        (503, errors.ServerError, 503, "UNAVAILABLE"),
        ("overloaded", errors.ServerError, 503, "UNAVAILABLE"),
        (504, errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    ],
)
@pytest.mark.parametrize("call", [ask, stream])
@every_client
def test_every_failure_has_its_class_code_and_status(
    stage: Stage, *, kind: str, call: Any, fault: int | str, error: type[errors.APIError], code: int, status: str
) -> None:
    stage.sim.on().do(aijobs.fail(fault))
    with pytest.raises(error) as caught:
        stage.run(lambda: call(stage, kind=kind))
    assert (caught.value.code, caught.value.status) == (code, status)


def test_a_rate_limit_says_how_long_to_wait_and_for_what(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail(429, retry_after=7.5))
    with pytest.raises(errors.ClientError) as caught:
        stage.run(lambda: ask(stage))
    quota, retry = caught.value.details["error"]["details"]
    assert quota["violations"][0]["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel"
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}


def test_a_used_up_limit_is_answered_with_the_wait(stage: Stage) -> None:
    stage.sim.limit(requests_per_minute=1)
    stage.run(lambda: ask(stage))
    with pytest.raises(errors.ClientError, match="RetryInfo") as caught:
        stage.run(lambda: ask(stage))
    assert caught.value.code == 429


def test_the_librarys_own_retries_reach_the_answer(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail(503) * 3, aijobs.ok("at last"))
    retrying = models(stage, retry_options=types.HttpRetryOptions(attempts=4))
    assert stage.run(lambda: retrying.generate_content(model=FLASH, contents=RIVERS)).text == "at last"
    assert [call.attempt for call in stage.sim.calls] == [1, 2, 3, 4]


@every_client
def test_a_blocked_prompt_is_a_good_answer_without_candidates(stage: Stage, kind: str) -> None:
    stage.sim.on().do(aijobs.fail("content_filter"))
    answer = stage.run(lambda: ask(stage, kind=kind))
    assert answer.prompt_feedback.block_reason is types.BlockedReason.SAFETY
    assert (answer.candidates, answer.text) == (None, None)
    assert answer.usage_metadata.prompt_token_count > 0


def test_a_blocked_stream_is_a_single_event(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("content_filter"))
    (event,) = stage.run(lambda: stream(stage))
    assert event.prompt_feedback.block_reason is types.BlockedReason.SAFETY


@every_client
def test_a_truncated_stream_ends_without_a_reason(stage: Stage, kind: str) -> None:
    stage.sim.on().do(aijobs.fail("truncate", after_tokens=40))
    chunks = stage.run(lambda: stream(stage, kind=kind))
    assert text_of(chunks)
    assert {chunk.candidates[0].finish_reason for chunk in chunks} == {None}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", httpx2.RemoteProtocolError),
        ("stall", httpx2.ReadTimeout),
        ("error_event", errors.ServerError),
        ("malformed_event", errors.UnknownApiResponseError),
    ],
)
def test_a_stream_breaks_in_the_middle_of_its_text(stage: Stage, fault: str, error: type[Exception]) -> None:
    stage.sim.on().do(aijobs.fail(fault, after_tokens=40))
    chunks: list[Any] = []
    with pytest.raises(error):
        stage.run(lambda: collect(chunks, stage))
    assert text_of(chunks)


@pytest.mark.parametrize(("fault", "error"), [("connect_error", httpx2.ConnectError), ("timeout", httpx2.ReadTimeout)])
def test_a_call_that_nobody_answers_fails_in_the_network(stage: Stage, fault: str, error: type[Exception]) -> None:
    stage.sim.on().do(aijobs.fail(fault))
    with pytest.raises(error):
        stage.run(lambda: collect([], stage))


@pytest.mark.parametrize("quirk", ["split_utf8", "slow_loris"])
def test_an_odd_delivery_changes_no_text(stage: Stage, quirk: str) -> None:
    stage.sim.on().do(aijobs.fail(quirk))
    odd, usual = stage.run(lambda: stream(stage)), a_stage()
    assert text_of(odd) == usual.run(lambda: ask(usual)).text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [{"role": "user", "parts": []}]}, "contents[0].parts"),
        (says("hello", role="boss"), "contents[0].role"),
        (says("hello", role=["user"]), "contents[0].role"),
        (says("hello") | {"generationConfig": {"maxOutputTokens": 0}}, "generation_config.max_output_tokens"),
        (says("hello") | {"generationConfig": {"candidateCount": 2}}, "generation_config.candidate_count"),
        (says("hello") | {"generationConfig": {"stopSequences": [""]}}, "generation_config.stop_sequences"),
        (
            says("hello") | {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}},
            "generation_config.thinking_config",
        ),
    ],
)
def test_a_bad_request_is_refused_by_the_name_of_its_field(stage: Stage, body: Any, field: str) -> None:
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:generateContent", body, x_goog_api_key="any"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["details"][0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize(
    ("query", "headers"), [("?key=any", {}), ("", {"x_goog_api_key": "any"}), ("", {"authorization": "Bearer any"})]
)
def test_a_key_may_come_in_three_ways(stage: Stage, query: str, headers: Mapping[str, str]) -> None:
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:generateContent{query}", says("hello"), **headers))
    assert answer.status_code == 200
    assert answer.headers["server-timing"]


def test_a_call_without_a_key_is_unauthenticated(stage: Stage) -> None:
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:generateContent", says("hello")))
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_both_spellings_of_a_field_are_read(stage: Stage) -> None:
    body = says("hello") | {"generation_config": {"max_output_tokens": 3}}
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:generateContent", body, x_goog_api_key="any"))
    assert answer.json()["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_a_stream_is_an_array_unless_events_are_asked_for(stage: Stage) -> None:
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:streamGenerateContent?key=any", says("hello")))
    parts = [one["candidates"][0] for one in answer.json()]
    assert answer.headers["content-type"].startswith("application/json")
    assert (len(parts) > 2, parts[-1]["finishReason"]) == (True, "STOP")


def test_an_array_ends_with_the_error_that_breaks_it(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail("error_event", after_tokens=40))
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:streamGenerateContent?key=any", says("hello")))
    assert answer.json()[-1]["error"]["status"] == "UNAVAILABLE"


def test_an_array_has_errors_in_it_as_well(stage: Stage) -> None:
    stage.sim.on().do(aijobs.fail(503))
    answer = stage.run(lambda: post(stage, f"/v1/models/{FLASH}:streamGenerateContent?key=any", says("hello")))
    assert (answer.status_code, answer.json()[0]["error"]["code"]) == (503, 503)


ASKING = types.Content(role="user", parts=[types.Part(text=RIVERS)])
CALLED = types.Part.from_function_call(name="weather", args={"city": "Rome"})
ANSWERED = types.Part.from_function_response(name="weather", response={"result": "sunny"})


def said(role: str, *parts: types.Part) -> types.Content:
    return types.Content(role=role, parts=list(parts))


@pytest.mark.parametrize(
    ("turns", "place", "problem"),
    [
        ([said("user", ANSWERED)], 1, "immediately after a function call turn"),
        ([said("model", CALLED), ASKING], 2, "is equal to the number of function call parts"),
        ([said("model", CALLED, CALLED), said("user", ANSWERED)], 2, "is equal to the number of function call parts"),
        ([said("model", CALLED), said("user", ANSWERED, ANSWERED)], 2, "is equal to the number of function call parts"),
    ],
)
def test_calls_of_functions_and_their_answers_belong_together(
    stage: Stage, turns: list[types.Content], place: int, problem: str
) -> None:
    with pytest.raises(errors.ClientError, match=problem) as caught:
        stage.run(lambda: ask(stage, [ASKING, *turns], tools=TOOLS))
    assert f"contents[{place}].parts" in str(caught.value)


def test_several_calls_may_be_answered_in_turns_of_their_own(stage: Stage) -> None:
    turns = [ASKING, said("model", CALLED, CALLED), said("user", ANSWERED), said("user", ANSWERED)]
    assert stage.run(lambda: ask(stage, turns, tools=TOOLS)).text
