"""How Anthropic's requests are read, and which of them it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.wire.anthropic_blocks import Body, blocks_of, invalid, is_picture, text_of
from aijobs_sdk.simulation.wire.anthropic_errors import NO_THREADS
from aijobs_sdk.simulation.wire.anthropic_turns import check_calls
from aijobs_sdk.simulation.wire.asked import Asked, Tool, beside_texts
from aijobs_sdk.simulation.wire.calls import Refused
from aijobs_sdk.simulation.wire.ranges import SHARE, Range, first_misfit

THINKING_TOKENS = {"low": 200, "medium": 600, "high": 1500, "xhigh": 3000, "max": 6000}
"""About how much an effort thinks, where its budget allows: own choice."""
LEAST_BUDGET_TOKENS = 1024
NO_SAMPLING = "2026-10-21"
"""The version of the API that has no temperature: versions are days, so that later ones compare as later."""
_ROLES = ("user", "assistant", "system")
_GIVEN = ("document", "tool_result")
_CHOICES = ("auto", "any", "tool", "none")


def asked_of(body: Body, model_id: str) -> Asked:
    """Return what the body of a request for a message asks.

    Raises:
        Refused: its messages or its choice of a tool are none, or a thread is to keep them.
    """
    if body.get("thread") is not None:
        raise Refused(400, "thread: is not simulated, send all messages", code=NO_THREADS, param="thread")
    messages = _checked_messages(body)
    said = [text_of(message.get("content")) for message in messages]
    asking = [place for place, message in enumerate(messages) if _is_from_the_user(message)]
    last = asking[-1] if asking else len(said) - 1
    given, question = _parted(blocks_of(messages[last].get("content")))
    system = text_of(body.get("system"))
    tools, schema = _tools(body), _schema(body)
    allowed = _allowed(body, tools)
    images = sum(_images_in(message.get("content")) for message in messages)
    return Asked(
        model_id=model_id,
        prompt=text_of(question),
        context="\n".join(filter(None, [system, *said[:last], text_of(given), *said[last + 1 :]])),
        max_output_tokens=_whole_number(body.get("max_tokens")),
        tools=() if _answers_a_call(messages[-1]) else allowed,
        schema_=schema,
        thinking_tokens=_thinking_tokens(body),
        other_tokens=beside_texts(images=images, tools=tools, schema=schema),
    )


def model_id_of(body: Body) -> str:
    """Return the name of the model that a body asks for."""
    model_id = body.get("model")
    if not isinstance(model_id, str) or not model_id:
        raise invalid("model", "Field required")
    return model_id


def check_length(body: Body, model: Model) -> None:
    """Refuse a length that the model cannot write, or that its thinking would use up."""
    if body.get("max_tokens") is None:
        raise invalid("max_tokens", "Field required")
    tokens = _whole_number(body["max_tokens"])
    if tokens is None:
        raise invalid("max_tokens", "Input should be a valid integer")
    if tokens < 1:
        raise invalid("max_tokens", "Input should be greater than or equal to 1")
    if model.max_output_tokens is not None and tokens > model.max_output_tokens:
        raise invalid("max_tokens", f"{tokens} is above the {model.max_output_tokens} that {model.name} can write")
    if (budget := _budget(body)) is not None and budget >= tokens:
        raise invalid("max_tokens", "must be greater than thinking.budget_tokens")


def check_sampling(body: Body, model: Model, version: str) -> None:
    """Refuse what is out of range, a temperature of a model that thinks, and all that `NO_SAMPLING` took away."""
    misfit = first_misfit(body, {"temperature": Range(0, model.most_temperature), "top_p": SHARE})
    if misfit is not None and misfit.number is None:
        raise invalid(misfit.field, "Input should be a valid number")
    if misfit is not None:
        raise invalid(misfit.field, f"range: {misfit.range.least:g}..{misfit.range.most:g}")
    if _thinks(body) and body.get("temperature") not in (None, 1):
        raise invalid("temperature", "may only be set to 1 when thinking is enabled")
    if version >= NO_SAMPLING:
        for field in ("temperature", "top_p", "top_k"):
            if field in body:
                raise invalid(field, "Extra inputs are not permitted")


def stops_of(body: Body) -> Sequence[str]:
    """Return the texts before which the answer ends."""
    stops = body.get("stop_sequences")
    return [stop for stop in stops if isinstance(stop, str) and stop] if isinstance(stops, list) else []


def hides_thoughts(body: Body) -> bool:
    """Whether the caller wants thoughts to be signed, but not shown."""
    return _thinking(body).get("display") == "omitted"


def _checked_messages(body: Body) -> Sequence[Body]:
    messages = body.get("messages")
    if messages is None:
        raise invalid("messages", "Field required")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "at least one message is required")
    for place, message in enumerate(messages):
        _check_message(message, f"messages.{place}", is_last=place == len(messages) - 1)
    checked = [message for message in messages if isinstance(message, dict)]
    check_calls(checked)
    return checked


def _check_message(message: JsonValue, where: str, *, is_last: bool) -> None:
    if not isinstance(message, dict):
        raise invalid(where, "Input should be an object")
    if message.get("role") not in _ROLES:
        raise invalid(f"{where}.role", "Input should be 'user', 'assistant' or 'system'")
    content = message.get("content")
    if not isinstance(content, (str, list)):
        raise invalid(f"{where}.content", "Field required" if content is None else "Input should be a string or list")
    if not content and not (is_last and message["role"] == "assistant"):
        raise invalid(where, "must have non-empty content, unless it is a final assistant message")


def _parted(blocks: Sequence[Body]) -> tuple[list[JsonValue], list[JsonValue]]:
    """Return what a message gives to read, be it a document or what a tool returned, and what is said about it."""
    given: list[JsonValue] = [dict(block) for block in blocks if block.get("type") in _GIVEN]
    return given, [dict(block) for block in blocks if block.get("type") not in _GIVEN]


def _images_in(content: JsonValue) -> int:
    blocks = blocks_of(content)
    within = (_images_in(block.get("content")) for block in blocks if block.get("type") == "tool_result")
    return sum(map(is_picture, blocks)) + sum(within)


def _is_from_the_user(message: Body) -> bool:
    """Whether a person speaks in it: what a tool returned goes under the same role."""
    return message["role"] == "user" and any(
        block.get("type") != "tool_result" for block in blocks_of(message["content"])
    )


def _answers_a_call(message: Body) -> bool:
    return any(block.get("type") == "tool_result" for block in blocks_of(message["content"]))


def _tools(body: Body) -> tuple[Tool, ...]:
    """Return the tools that run at the caller: those without a schema run at the vendor."""
    return tuple(
        Tool(
            name=str(one.get("name")),
            description=str(one.get("description") or ""),
            parameters=one["input_schema"] if isinstance(one["input_schema"], dict) else {},
        )
        for one in blocks_of(body.get("tools"))
        if "input_schema" in one
    )


def _allowed(body: Body, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    wanted = _choice(body)
    kind = wanted.get("type")
    if kind == "none":
        return ()
    if kind in ("any", "tool") and _thinks(body):
        raise invalid("tool_choice", "Thinking may not be enabled when tool_choice forces tool use.")
    if kind == "any" and not blocks_of(body.get("tools")):
        raise invalid("tool_choice", "may only be specified while providing `tools`")
    if kind != "tool":
        return tuple(tools)
    name = wanted.get("name")
    if all(one.get("name") != name for one in blocks_of(body.get("tools"))):
        raise invalid("tool_choice", f"Tool {name!r} not found in provided tools")
    return tuple(one for one in tools if one.name == name)


def _choice(body: Body) -> Body:
    choice = body.get("tool_choice")
    if choice is None:
        return {"type": "auto"}
    if not isinstance(choice, dict) or choice.get("type") not in _CHOICES:
        raise invalid("tool_choice", "Input should be an object whose type is 'auto', 'any', 'tool' or 'none'")
    return choice


def _schema(body: Body) -> Body | None:
    config = body.get("output_config")
    # As `output_format`, callers wrote it while it was a beta.
    wanted = config.get("format") if isinstance(config, dict) else body.get("output_format")
    schema = wanted.get("schema") if isinstance(wanted, dict) else None
    return schema if isinstance(schema, dict) else None


def _thinking_tokens(body: Body) -> int:
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    usual = THINKING_TOKENS.get(str(effort), THINKING_TOKENS["high"])
    match _thinking(body).get("type"):
        case "enabled":
            return min(usual, _budget(body) or usual)
        case "adaptive":
            return usual
        case _:
            return 0


def _thinks(body: Body) -> bool:
    return _thinking(body).get("type") in ("enabled", "adaptive")


def _budget(body: Body) -> int | None:
    thinking = _thinking(body)
    if thinking.get("type") != "enabled":
        return None
    budget = _whole_number(thinking.get("budget_tokens"))
    if budget is None or budget < LEAST_BUDGET_TOKENS:
        raise invalid(
            "thinking.enabled.budget_tokens", f"Input should be greater than or equal to {LEAST_BUDGET_TOKENS}"
        )
    return budget


def _thinking(body: Body) -> Body:
    thinking = body.get("thinking")
    return thinking if isinstance(thinking, dict) else {}


def _whole_number(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
