"""What a vendor does not take is refused, by the field's name and in the vendor's own form."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.wire.vendors_in_process import Stage, a_stage

RIVERS: list[Any] = [{"role": "user", "content": "Tell me about rivers"}]
CLAUDE_AT_BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OPENAI, CHAT, RESPONSES = "https://api.openai.com/v1", "/chat/completions", "/responses"
CLAUDE = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash-preview:generateContent"
CONVERSE = f"https://bedrock-runtime.eu-west-2.amazonaws.com/model/{CLAUDE_AT_BEDROCK}/converse"
OF_ANTHROPIC = {"x-api-key": "any", "anthropic-version": "2023-06-01"}
OF_OTHERS = {"authorization": "Bearer any", "x-goog-api-key": "any"}


@pytest.fixture
def stage() -> Stage:
    return a_stage()


def refusal(stage: Stage, url: str, body: dict[str, Any], *, status: int = 400) -> Any:
    async def ask() -> Any:
        async with stage.http(headers=OF_ANTHROPIC if url == CLAUDE else OF_OTHERS) as caller:
            answer = await caller.post(url, json=body)
            return answer.status_code, answer.json()

    answered, told = stage.run(ask)
    assert answered == status
    assert not stage.sim.calls
    return told


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("temperature", 9, "decimal_above_max_value"),
        ("temperature", -0.1, "decimal_below_min_value"),
        ("temperature", "hot", "invalid_type"),
        ("top_p", 7, "decimal_above_max_value"),
        ("presence_penalty", -3, "decimal_below_min_value"),
        ("max_tokens", -1, "integer_below_min_value"),
        ("stop", ["a", "b", "c", "d", "e"], "array_above_max_length"),
        ("reasoning_effort", "huge", "invalid_value"),
    ],
)
def test_chat_completions_refuse_it(stage: Stage, field: str, value: Any, code: str) -> None:
    told = refusal(stage, OPENAI + CHAT, {"model": "gpt-5.2", "messages": RIVERS, field: value})
    assert (told["error"]["type"], told["error"]["param"]) == ("invalid_request_error", field)
    assert told["error"]["code"] == code


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
    ],
)
def test_chat_completions_refuse_what_says_nothing(stage: Stage, asked: dict[str, Any], param: str) -> None:
    told = refusal(stage, OPENAI + CHAT, {"model": "gpt-5.2", "messages": RIVERS, **asked})
    assert told["error"]["param"] == param


def test_a_model_that_draws_does_not_write_and_one_that_writes_does_not_draw(stage: Stage) -> None:
    drawing = {"model": "gpt-image-1.5", "messages": RIVERS}
    assert refusal(stage, OPENAI + CHAT, drawing, status=404)["error"]["param"] == "model"
    writing = {"model": "gpt-5.2", "prompt": "A fox"}
    assert refusal(stage, f"{OPENAI}/images/generations", writing)["error"]["param"] == "model"


def test_responses_refuse_it(stage: Stage) -> None:
    told = refusal(stage, OPENAI + RESPONSES, {"model": "gpt-5.2", "input": "Hi", "temperature": 2.5})
    assert told["error"]["message"] == (
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead."
    )


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("temperature", 1.5, "range: 0..1"),
        ("temperature", "hot", "Input should be a valid number"),
        ("top_p", 7, "range: 0..1"),
        ("max_tokens", -1, "Input should be greater than or equal to 1"),
    ],
)
def test_messages_refuse_it(stage: Stage, field: str, value: Any, problem: str) -> None:
    body = {"model": "claude-sonnet-4-5", "messages": RIVERS, "max_tokens": 100, field: value}
    told = refusal(stage, CLAUDE, body)
    assert told["error"] == {"type": "invalid_request_error", "message": f"{field}: {problem}"}


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("temperature", 2.5, "temperature"),
        ("topP", "all", "top_p"),
        ("top_p", -1, "top_p"),
        ("frequencyPenalty", 3, "frequency_penalty"),
        ("maxOutputTokens", -1, "max_output_tokens"),
    ],
)
def test_gemini_refuses_it(stage: Stage, field: str, value: Any, name: str) -> None:
    told = refusal(stage, GEMINI, {"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {field: value}})
    assert told["error"]["status"] == "INVALID_ARGUMENT"
    assert f"generation_config.{name}: must be " in told["error"]["message"]


@pytest.mark.parametrize(
    ("field", "value", "bound"), [("temperature", 9, "less than or equal to 1"), ("topP", -1, "greater than or equal")]
)
def test_converse_refuses_it(stage: Stage, field: str, value: float, bound: str) -> None:
    asked = [{"role": "user", "content": [{"text": "Hi"}]}]
    told = refusal(stage, CONVERSE, {"messages": asked, "inferenceConfig": {field: value}})
    assert f"Value '{value}' at 'inferenceConfig.{field}' failed to satisfy" in told["message"]
    assert bound in told["message"]
