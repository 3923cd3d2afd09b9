"""How Google's requests are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import parse_qs

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.effort import THINKING_TOKENS
from aijobs_sdk.simulation.wire.asked import ANY_OBJECT, Asked, Tool, beside_texts
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpRequest, json_text
from aijobs_sdk.simulation.wire.ranges import PENALTY, SHARE, Range, first_misfit

Body = Mapping[str, JsonValue]
ROLES = {"user", "model", "function", "tool"}
"""Who may say a content; the last two answer calls of functions."""


def asked_of(call: Call, body: Body) -> Asked:
    """Return what a `generateContent` request comes to.

    Raises:
        Refused: Google would not accept it.
    """
    contents = _contents(body)
    config = field(body, "generationConfig")
    _check_candidates(config)
    _check_sampling(config, call.model(call.params["model"]))
    said = [_text_of(content) for content in contents]
    last = max((place for place, content in enumerate(contents) if _is_prompt(content)), default=len(said) - 1)
    instruction = _text_of(field(body, "systemInstruction"))
    context = "\n".join(text for text in (instruction, *said[:last], *said[last + 1 :]) if text)
    tools, schema = _tools(body), _schema(config)
    return Asked(
        model_id=call.params["model"],
        prompt=said[last],
        context=context,
        max_output_tokens=_max_output_tokens(config),
        stop=_stops(config),
        stream=is_stream(call),
        # With or without words of the user after it, what a function answered is what the model speaks of now.
        tools=() if any(map(_answers_a_call, contents[-2:])) else _allowed(body, tools),
        schema_=schema,
        thinking_tokens=_thinking_tokens(field(config, "thinkingConfig")),
        # Nobody here knows what that cache holds: what comes before the prompt stands for it.
        cached_tokens=estimate_tokens(context) if field(body, "cachedContent") else 0,
        other_tokens=beside_texts(images=sum(map(_images_in, contents)), tools=tools, schema=schema),
    )


def _contents(body: Body) -> Sequence[JsonValue]:
    contents = listed(field(body, "contents"))
    if not contents:
        raise _invalid("contents", "contents is not specified")
    for place, content in enumerate(contents):
        if not _parts(content):
            raise _invalid(f"contents[{place}].parts", "must include at least one part")
        if (role := field(content, "role")) is not None and str(role) not in ROLES:
            raise _invalid(f"contents[{place}].role", f"{role!r} is no valid role: use user or model")
    _check_calls(contents)
    return contents


def _check_calls(contents: Sequence[JsonValue]) -> None:
    """Refuse calls of functions that are not answered next, one by one, and answers to none."""
    waiting = 0
    for place, content in enumerate(contents):
        answered = _count(content, "functionResponse")
        if answered and not waiting:
            raise _out_of_turn(place, "function response turn comes immediately after a function call turn")
        is_short = answered < waiting and (not answered or place + 1 == len(contents))
        if is_short or answered > waiting:
            problem = "the number of function response parts is equal to the number of function call parts"
            raise _out_of_turn(place, f"{problem} of the function call turn")
        waiting = waiting - answered if answered else _count(content, "functionCall")


def _out_of_turn(place: int, rule: str) -> Refused:
    return _invalid(f"contents[{place}].parts", f"please ensure that {rule}")


def _stops(config: JsonValue) -> tuple[str, ...]:
    stops = tuple(map(str, listed(field(config, "stopSequences"))))
    if not all(stops):
        raise _invalid("generation_config.stop_sequences", "must not hold an empty text")
    return stops


def _check_candidates(config: JsonValue) -> None:
    count = field(config, "candidateCount")
    if count not in (None, 1):
        raise _invalid("generation_config.candidate_count", "above 1 is not simulated")


def _check_sampling(config: JsonValue, model: Model) -> None:
    temperature = Range(0, model.most_temperature)
    ranges = {"temperature": temperature, "topP": SHARE, "frequencyPenalty": PENALTY, "presencePenalty": PENALTY}
    misfit = first_misfit({name: field(config, name) for name in ranges}, ranges)
    if misfit is not None:
        least, most = misfit.range
        raise _invalid(f"generation_config.{_snake(misfit.field)}", f"must be in the range [{least:g}, {most:g}]")


def _max_output_tokens(config: JsonValue) -> int | None:
    value = field(config, "maxOutputTokens")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _invalid("generation_config.max_output_tokens", "must be a positive whole number")
    return value


def _thinking_tokens(config: JsonValue) -> int:
    """Return about how much is thought: not at all without a `thinkingConfig`."""
    level, budget = field(config, "thinkingLevel"), field(config, "thinkingBudget")
    if level is not None and budget is not None:
        raise _invalid("generation_config.thinking_config", "set thinking_level or thinking_budget, not both")
    if level is not None:
        return THINKING_TOKENS.get(str(level).lower(), 0)
    if isinstance(budget, int) and budget >= 0:
        return min(budget, THINKING_TOKENS["high"])
    return THINKING_TOKENS["medium"] if config else 0  # -1, or none: as much as the model likes


def _tools(body: Body) -> tuple[Tool, ...]:
    declared = [one for tool in listed(field(body, "tools")) for one in listed(field(tool, "functionDeclarations"))]
    return tuple(
        Tool(
            name=str(field(one, "name")),
            description=str(field(one, "description") or ""),
            parameters=_parameters(one),
        )
        for one in declared
    )


def _allowed(body: Body, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    choice = field(field(body, "toolConfig"), "functionCallingConfig")
    allowed = listed(field(choice, "allowedFunctionNames"))
    if field(choice, "mode") == "NONE":
        return ()
    return tuple(one for one in tools if not allowed or one.name in allowed)


def _parameters(declaration: JsonValue) -> Body:
    schema = field(declaration, "parametersJsonSchema") or field(declaration, "parameters")
    return schema if isinstance(schema, dict) else {}


def _schema(config: JsonValue) -> Body | None:
    if str(field(config, "responseMimeType")) not in {"application/json", "text/x.enum"}:
        return None
    schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
    return schema if isinstance(schema, dict) else ANY_OBJECT


def _text_of(content: JsonValue) -> str:
    return "\n".join(text for part in _parts(content) if (text := _read(part)))


def _read(part: JsonValue) -> str:
    """Return the words that a model reads in a part: none in a picture."""
    text = field(part, "text")
    call = field(part, "functionCall") or field(part, "functionResponse")
    return text if isinstance(text, str) else json_text(call) if call else ""


def _images_in(content: JsonValue) -> int:
    return sum(bool(field(part, "inlineData") or field(part, "fileData")) for part in _parts(content))


def _is_prompt(content: JsonValue) -> bool:
    return field(content, "role") in {None, "user"} and any(field(part, "text") for part in _parts(content))


def _answers_a_call(content: JsonValue) -> bool:
    return _count(content, "functionResponse") > 0


def _count(content: JsonValue, kind: str) -> int:
    return sum(field(part, kind) is not None for part in _parts(content))


def _parts(content: JsonValue) -> Sequence[JsonValue]:
    return listed(field(content, "parts"))


def field(value: JsonValue | Body, name: str) -> JsonValue:
    """Return a field of an object, None where there is none. Google reads `topK` and `top_k` alike."""
    if not isinstance(value, dict):
        return None
    return value[name] if name in value else value.get(_snake(name))


@cache
def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def listed(value: JsonValue) -> Sequence[JsonValue]:
    """Return the list, an empty one where it is none."""
    return value if isinstance(value, list) else ()


def query(request: HttpRequest, name: str) -> str:
    """Return a parameter of the address, an empty text where it is not there."""
    return parse_qs(request.query).get(name, [""])[0]


def is_vertex(call: Call) -> bool:
    """Whether the call goes to Vertex AI, rather than to the Gemini API."""
    return "/publishers/google/models" in call.request.path


def is_stream(call: Call) -> bool:
    """Whether the answer is to be streamed."""
    return call.request.path.endswith(":streamGenerateContent")


def is_sse(call: Call) -> bool:
    """Whether a stream is one of events; it is a JSON array unless the caller says so."""
    return query(call.request, "alt") == "sse"


def _invalid(field: str, problem: str) -> Refused:
    return Refused(400, f"GenerateContentRequest.{field}: {problem}.", code="invalid_request", param=field)
