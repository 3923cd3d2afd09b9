"""What a model wishes to have called: it can be kept, or the model is asked again."""

from __future__ import annotations

import json

import pytest

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Tool, ToolCall
from aijobs_sdk.providers.tool_calls import tool_call

WEATHER = Tool(name="weather")
DEEP = '{"in": ' * 150 + "1" + "}" * 150


def call(arguments: str | dict[str, object], *, name: str = "weather") -> ToolCall:
    return tool_call("openai", [WEATHER], id="call_1", name=name, arguments=arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"place": "Bath \\ud83d\\udec1"}', {"place": "Bath 🛁"}),
        ({"place": "Bath", "days": 10**20}, {"place": "Bath", "days": 10**20}),
        ("", {}),
        ({}, {}),
    ],
)
def test_arguments_come_as_an_object_or_as_its_json(arguments: str, expected: object) -> None:
    assert call(arguments).arguments == expected


@pytest.mark.parametrize(
    "arguments",
    [
        "[]",
        '{"place": ',
        '{"place": "Bath \\ud83d"}',
        '{"\\ud83d": "Bath"}',
        '{"days": NaN}',
        '{"days": -Infinity}',
        '{"days": 1e999}',
        "[" * 100_000,
        '{"in": ' * 990 + "1" + "}" * 990,
        {"days": float("nan")},
        {"place": ["Bath \ud83d"]},
        json.loads(DEEP),
    ],
)
def test_arguments_that_cannot_be_kept_are_asked_for_again(arguments: str) -> None:
    with pytest.raises(ProviderError) as raised:
        call(arguments)

    assert (raised.value.code, raised.value.retryable) == ("invalid_tool_call", True)


def test_a_tool_that_was_not_offered_is_asked_for_again() -> None:
    with pytest.raises(ProviderError) as raised:
        call({}, name="whether")

    assert (raised.value.code, raised.value.retryable) == ("invalid_tool_call", True)
