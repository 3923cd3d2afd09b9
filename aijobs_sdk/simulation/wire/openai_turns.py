"""OpenAI's turns: who speaks in them, and that every call of a function is answered."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.calls import Refused
from aijobs_sdk.simulation.wire.openai_reading import Body, listed, role, unsupported, wrong_type

_CHAT_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_ROLES = ("assistant", "system", "developer", "user")


def check_messages(messages: Sequence[JsonValue]) -> None:
    """Refuse chat messages that nobody says, and calls and answers of functions that do not belong together."""
    called: Sequence[str] = ()
    waiting: list[str] = []
    for place, said in enumerate(messages):
        message = _said_by_one_of(_CHAT_ROLES, said, f"messages[{place}]")
        if message["role"] == "tool":
            answered = str(message.get("tool_call_id"))
            if answered not in called:
                problem = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise _invalid(f"Invalid parameter: {problem}", f"messages[{place}].role")
            waiting = [one for one in waiting if one != answered]
            continue
        _check_answered(waiting, f"messages[{place}].role")
        called = [str(one.get("id")) for one in listed(message.get("tool_calls")) if isinstance(one, dict)]
        waiting = list(called)
    _check_answered(waiting, "messages")


def check_items(items: Sequence[JsonValue]) -> None:
    """Refuse the same of the items of a response, those that it goes on from among them."""
    for place, item in enumerate(items):
        if not isinstance(item, dict) or "role" in item:
            _said_by_one_of(_ROLES, item, f"input[{place}]")
    called, answered = _call_ids(items, "function_call"), _call_ids(items, "function_call_output")
    if missing := [one for one in called if one not in answered]:
        raise _invalid(f"No tool output found for function call {missing[0]}.", "input")
    strange = [one for one in answered if one not in called]
    if strange and not any(map(_is_reference, items)):
        raise _invalid(f"No tool call found for function call output with call_id {strange[0]}.", "input")


def _said_by_one_of(known: Sequence[str], message: JsonValue, where: str) -> Body:
    if not isinstance(message, dict):
        raise wrong_type(where, "an object")
    if role(message) not in known:
        raise unsupported(role(message), known, f"{where}.role")
    content = message.get("content")
    if not isinstance(content, str | list) and not (content is None and role(message) == "assistant"):
        raise wrong_type(f"{where}.content", "a string or an array of objects")
    return message


def _check_answered(waiting: Sequence[str], param: str) -> None:
    if waiting:
        raise _invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}",
            param,
        )


def _call_ids(items: Sequence[JsonValue], kind: str) -> Sequence[str]:
    return [str(item.get("call_id")) for item in items if isinstance(item, dict) and item.get("type") == kind]


def _is_reference(item: JsonValue) -> bool:
    return isinstance(item, dict) and item.get("type") == "item_reference"


def _invalid(problem: str, param: str) -> Refused:
    return Refused(400, problem, code="invalid_request", param=param)
