"""Numbers that a vendor does not take are refused with 400, by the field's name and in the vendor's own form."""

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


def refusal(stage: Stage, url: str, body: dict[str, Any]) -> Any:
    async def ask() -> Any:
        async with stage.http(headers=OF_ANTHROPIC if url == CLAUDE else OF_OTHERS) as caller:
            answer = await caller.post(url, json=body)
            return answer.status_code, answer.json()

    status, told = stage.run(ask)
    assert status == 400
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
    ],
)
def test_chat_completions_refuse_it(stage: Stage, field: str, value: Any, code: str) -> None:
    told = refusal(stage, OPENAI + CHAT, {"model": "gpt-5.2", "messages": RIVERS, field: value})
    assert (told["error"]["type"], told["error"]["param"]) == ("invalid_request_error", field)
    assert told["error"]["code"] == code


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
