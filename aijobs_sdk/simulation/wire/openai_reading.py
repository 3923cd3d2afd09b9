"""How OpenAI's requests are read: what chat completions and responses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.effort import THINKING_TOKENS
from aijobs_sdk.simulation.wire.asked import ANY_OBJECT, Tool
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.ranges import PENALTY, SHARE, Range, first_misfit

Body = Mapping[str, JsonValue]
MOST_STOPS = 4
_FORMS = ("text", "json_schema", "json_object")


def text_of(message: JsonValue) -> str:
    """Return all text of a message, be it a call of a function or what that led to."""
    if not isinstance(message, dict):
        return ""
    calls = [_dict(_dict(call).get("function")) for call in listed(message.get("tool_calls"))]
    arguments = [str(call["arguments"]) for call in (message, *calls) if "arguments" in call]
    return "\n".join([*_texts(message.get("content")), *_texts(message.get("output")), *arguments])


def _texts(content: JsonValue) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(part["text"]) for part in listed(content) if isinstance(part, dict) and "text" in part]


_PICTURES = frozenset({"image_url", "input_image", "file", "input_file"})


def images_in(message: JsonValue) -> int:
    """Return how many pictures are in a message; a file is taken for one, as its pages are."""
    said = _dict(message)
    parts = [*listed(said.get("content")), *listed(said.get("output"))]
    return sum(str(_dict(part).get("type")) in _PICTURES for part in parts)


def role(message: JsonValue) -> str:
    """Return who says a message; empty where it does not say."""
    return str(message.get("role")) if isinstance(message, dict) else ""


def last_of_user(messages: Sequence[JsonValue]) -> int:
    """Return the place of the last message of the user's, or of the last there is."""
    newest_first = range(len(messages) - 1, -1, -1)
    return next((place for place in newest_first if role(messages[place]) == "user"), len(messages) - 1)


def whole_number(body: Body, name: str) -> int | None:
    """Return a field that has to be 1 or more, None where it is left out."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refused(
            400,
            f"Invalid '{name}': integer below minimum value. Expected a value >= 1.",
            code="integer_below_min_value",
            param=name,
        )
    return value


def text_model(call: Call, model_id: str) -> Model:
    """Return the model, which writes.

    Raises:
        Refused: there is none of this name, or it makes something else.
    """
    model = call.model(model_id)
    if model.kind != "text":
        raise Refused(
            404, f"The model '{model_id}' is not supported at this endpoint.", code="not_found", param="model"
        )
    return model


def thinking_tokens(effort: JsonValue, model: Model, param: str) -> int:
    """Return how much is thought at this effort, None being none.

    Raises:
        Refused: the model knows no such effort.
    """
    if effort is None:
        return 0
    if effort not in model.reasoning_efforts:
        raise unsupported(effort, model.reasoning_efforts, param)
    return THINKING_TOKENS[str(effort)]


def unsupported(value: JsonValue, known: Iterable[str], param: str) -> Refused:
    """Return the refusal of a value beside those that there are."""
    supported = ", ".join(f"'{one}'" for one in known)
    return Refused(
        400, f"Invalid value: '{value}'. Supported values are: {supported}.", code="invalid_value", param=param
    )


def check_sampling(body: Body, model: Model) -> None:
    """Refuse numbers for sampling that no model of this vendor takes."""
    temperature = Range(0, model.most_temperature)
    ranges = {"temperature": temperature, "top_p": SHARE, "frequency_penalty": PENALTY, "presence_penalty": PENALTY}
    misfit = first_misfit(body, ranges)
    if misfit is None:
        return
    name, value, (least, most) = misfit
    if misfit.number is None:
        raise wrong_type(name, "a decimal")
    where, sign, bound = ("below_min", ">=", least) if misfit.is_below else ("above_max", "<=", most)
    said = f"decimal {where.replace('_', ' ')}imum value. Expected a value {sign} {bound:g}, but got {value} instead."
    raise Refused(400, f"Invalid '{name}': {said}", code=f"decimal_{where}_value", param=name)


def refuse_unanswered(body: Body, names: Iterable[str]) -> None:
    """Refuse what would make an answer another one, and is not simulated: by its name, as of a model without it."""
    for name in names:
        if body.get(name):
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Refused(400, message, code="unsupported_parameter", param=name)


def stops(stop: JsonValue) -> tuple[str, ...]:
    """Return the texts before which the answer ends.

    Raises:
        Refused: there are too many, or one of them is empty, or no text.
    """
    texts = () if stop is None else stop if isinstance(stop, list) else (stop,)
    if len(texts) > MOST_STOPS:
        message = f"Invalid 'stop': array too long. Expected at most {MOST_STOPS} texts, but got {len(texts)} instead."
        raise Refused(400, message, code="array_above_max_length", param="stop")
    found = tuple(one for one in texts if isinstance(one, str) and one)
    if len(found) < len(texts):
        raise Refused(400, "Invalid 'stop': expected texts, none of them empty.", code="invalid_request", param="stop")
    return found


def tools(body: Body, *, within: str | None = None) -> tuple[Tool, ...]:
    """Return the functions that are offered. `within` names the field of a tool that tells of one; None: itself does.

    Raises:
        Refused: one is told in a way that cannot be read.
    """
    return tuple(
        _tool(one if within is None else one.get(within), ".".join(filter(None, (f"tools[{place}]", within))))
        for place, one in enumerate(listed(body.get("tools")))
        if isinstance(one, dict) and one.get("type", "function") == "function"
    )


def _tool(told: JsonValue, where: str) -> Tool:
    if not isinstance(told, dict):
        raise missing(where)
    name, parameters = told.get("name"), told.get("parameters")
    if not isinstance(name, str) or not name:
        raise missing(f"{where}.name")
    if parameters is not None and not isinstance(parameters, dict):
        raise wrong_type(f"{where}.parameters", "an object")
    return Tool(name=name, description=str(told.get("description") or ""), parameters=parameters or {})


def allowed(body: Body, offered: Sequence[Tool], *, within: str | None = None) -> tuple[Tool, ...]:
    """Return the functions that the model may call, of those that are offered.

    Raises:
        Refused: it is to call one, and none is offered, or not that one.
    """
    choice = body.get("tool_choice")
    if choice == "none":
        return ()
    if choice == "required" and not listed(body.get("tools")):
        message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        raise Refused(400, message, code="invalid_request", param="tool_choice")
    if not isinstance(choice, dict):
        return tuple(offered)
    chosen: Sequence[JsonValue] = [choice]
    if choice.get("type") == "allowed_tools":
        chosen = listed(_dict(choice.get("allowed_tools") if within else choice).get("tools"))
    functions = [_dict(one) for one in chosen if _dict(one).get("type") == "function"]
    names = {str((_dict(one.get(within)) if within else one).get("name")) for one in functions}
    if strange := names - {tool.name for tool in offered}:
        message = f"Tool choice '{min(strange)}' not found in 'tools' parameter."
        raise Refused(400, message, code="invalid_request", param="tool_choice")
    return tuple(tool for tool in offered if tool.name in names)


def missing(param: str) -> Refused:
    """Return the refusal of a request that leaves a field out."""
    return Refused(400, f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)


def wrong_type(param: str, expected: str) -> Refused:
    """Return the refusal of a request in which a field is of another type."""
    return Refused(400, f"Invalid type for '{param}': expected {expected}.", code="invalid_type", param=param)


def _dict(value: JsonValue) -> Body:
    return value if isinstance(value, dict) else {}


def listed(value: JsonValue) -> Sequence[Any]:
    """Return the list, an empty one where it is none."""
    return value if isinstance(value, list) else ()


def schema(wanted: JsonValue, param: str) -> Body | None:
    """Return the schema that an answer has to fit, None for free text.

    Raises:
        Refused: there is no such form of an answer.
    """
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") not in _FORMS:
        raise unsupported(wanted.get("type"), _FORMS, f"{param}.type")
    if wanted.get("type") == "json_object":
        return ANY_OBJECT
    # Chat puts it into a field of its own.
    schema = _dict(wanted.get("json_schema", wanted)).get("schema")
    return schema if isinstance(schema, dict) else None
