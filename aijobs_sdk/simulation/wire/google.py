"""Google: the Gemini API and Vertex AI. They differ in paths and in a few fields of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from functools import cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from pydantic import JsonValue
from pydantic_core import from_json

from aijobs_sdk.providers.models import Model
from aijobs_sdk.providers.models import Route as Way
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.asked import Asked, Tool
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import Route, route
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest, HttpResponse, json_bytes, json_text
from aijobs_sdk.simulation.wire.model_ids import SERVED_BY

Json = dict[str, JsonValue]
Body = Mapping[str, JsonValue]
THINKING_TOKENS = {"MINIMAL": 50, "LOW": 200, "MEDIUM": 600, "HIGH": 1500, "XHIGH": 3000}
"""About how much a level thinks: own choice."""
JSON_TYPE, EVENTS_TYPE = "application/json; charset=UTF-8", "text/event-stream"
ROLES = {"user", "model", "function", "tool"}
"""Who may say a content; the last two answer calls of functions."""
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP"}

_VERSION = "/(?P<version>v1(?:beta1?|alpha)?)"
_GEMINI_MODELS = f"{_VERSION}/models"
# In express mode a key stands for the project and the location.
_VERTEX_MODELS = f"{_VERSION}(?:/projects/{{project}}/locations/{{location}})?/publishers/google/models"


class Google:
    """Gemini, as the `google-genai` library calls it, with a key or through Vertex AI."""

    name = "google"

    @property
    def routes(self) -> Sequence[Route]:
        """Return its paths."""
        return [one for models_path in (_GEMINI_MODELS, _VERTEX_MODELS) for one in _routes(models_path)]

    def key(self, request: HttpRequest) -> str | None:
        """Return the key or the token that the caller shows."""
        headers = request.headers
        token = headers.get("authorization", "").removeprefix("Bearer ").strip()
        return headers.get("x-goog-api-key") or _query(request, "key") or token or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        message = refused.message
        if refused.code == "model_not_found":
            message = f"{_resource(call, call.params['model'])} is not found for API version {call.params['version']}."
        details: list[JsonValue] = []
        if refused.param is not None and refused.code == "invalid_request":
            details.append(_bad_request(refused.param, message))
        return _delivered(call, _error(refused.status, message, details), refused.status)

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status; a prompt it blocks is a good answer without a text."""
        if fault.kind is FaultKind.CONTENT_FILTER:
            return _delivered(call, _blocked(call), HTTPStatus.OK)
        status = 503 if fault.kind is FaultKind.OVERLOADED else fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
        return _delivered(call, _error(status, _message(call, fault, status), _details(call, fault, status)), status)

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries. There is no request id: `responseId`, in the body, names an answer."""
        return {
            "server-timing": "gfet4t7; dur=12",
            "vary": "Origin, X-Origin, Referer",
            "x-content-type-options": "nosniff",
        }


def generate_content(call: Call) -> HttpResponse:
    """Answer `:generateContent` and `:streamGenerateContent`."""
    body = call.body()
    config = _field(body, "generationConfig")
    asked = _asked(call, body)
    answer = call.generate(asked)
    if _field(_field(config, "thinkingConfig"), "includeThoughts") is not True:
        answer = replace(answer, thinking=())  # they were thought, and are counted, all the same
    if _field(config, "responseMimeType") == "text/x.enum":
        answer = replace(answer, pieces=[piece._replace(text=piece.text.replace('"', "")) for piece in answer.pieces])
    if not asked.stream:
        return call.whole(answer, _response(call, answer), content_type=JSON_TYPE)
    return call.stream(answer, _chunks(call, answer), content_type=EVENTS_TYPE if _is_sse(call) else JSON_TYPE)


def count_tokens(call: Call) -> HttpResponse:
    """Answer `:countTokens`."""
    call.model(call.params["model"])
    wrapped = _field(call.body(), "generateContentRequest")
    tokens = _read_tokens(_asked(call, wrapped if isinstance(wrapped, Mapping) else call.body()))
    return _delivered(call, {"totalTokens": tokens, "promptTokensDetails": _as_text(tokens)}, HTTPStatus.OK)


def models(call: Call) -> HttpResponse:
    """Answer `GET` of all models."""
    served = [one for one in call.table if one.kind == "text" and any(map(_is_served, one.routes))]
    listed = "publisherModels" if _is_vertex(call) else "models"
    return _delivered(call, {listed: [_described(call, one) for one in served]}, HTTPStatus.OK)


def model(call: Call) -> HttpResponse:
    """Answer `GET` of one model."""
    return _delivered(call, _described(call, call.model(call.params["model"])), HTTPStatus.OK)


def not_supported(call: Call) -> HttpResponse:
    """Refuse a method that models have elsewhere, such as embeddings."""
    call.model(call.params["model"])
    name = _resource(call, call.params["model"])
    raise Refused(404, f"{name} is not supported for {call.params['method']}.", code="not_found")


def _routes(models_path: str) -> Sequence[Route]:
    return (
        route("POST", f"{models_path}/{{model}}:generateContent", generate_content),
        route("POST", f"{models_path}/{{model}}:streamGenerateContent", generate_content),
        route("POST", f"{models_path}/{{model}}:countTokens", count_tokens),
        route("POST", f"{models_path}/{{model}}:{{method}}", not_supported),
        route("GET", models_path, models),
        route("GET", f"{models_path}/{{model}}", model),
    )


def _asked(call: Call, body: Body) -> Asked:
    contents = _contents(body)
    config = _field(body, "generationConfig")
    said = [_text_of(content) for content in contents]
    last = max((place for place, content in enumerate(contents) if _is_prompt(content)), default=len(said) - 1)
    instruction = _text_of(_field(body, "systemInstruction"))
    context = "\n".join(text for text in (instruction, *said[:last], *said[last + 1 :]) if text)
    return Asked(
        model_id=call.params["model"],
        prompt=said[last],
        context=context,
        max_output_tokens=_max_output_tokens(config),
        stop=tuple(map(str, _listed(_field(config, "stopSequences")))),
        stream=_is_stream(call),
        tools=() if _answers_a_call(contents[-1]) else _tools(body),
        schema_=_schema(config),
        thinking_tokens=_thinking_tokens(_field(config, "thinkingConfig")),
        # Nobody here knows what that cache holds: what comes before the prompt stands for it.
        cached_tokens=estimate_tokens(context) if _field(body, "cachedContent") else 0,
    )


def _contents(body: Body) -> Sequence[JsonValue]:
    contents = _listed(_field(body, "contents"))
    if not contents:
        raise _invalid("contents", "contents is not specified")
    for place, content in enumerate(contents):
        if not _parts(content):
            raise _invalid(f"contents[{place}].parts", "must include at least one part")
        if (role := _field(content, "role")) is not None and role not in ROLES:
            raise _invalid(f"contents[{place}].role", f"{role!r} is no valid role: use user or model")
    return contents


def _max_output_tokens(config: JsonValue) -> int | None:
    value = _field(config, "maxOutputTokens")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _invalid("generation_config.max_output_tokens", "must be a positive whole number")
    return value


def _thinking_tokens(config: JsonValue) -> int:
    """Return about how much is thought: not at all without a `thinkingConfig`."""
    level, budget = _field(config, "thinkingLevel"), _field(config, "thinkingBudget")
    if level is not None and budget is not None:
        raise _invalid("generation_config.thinking_config", "set thinking_level or thinking_budget, not both")
    if level is not None:
        return THINKING_TOKENS.get(str(level).upper(), 0)
    if isinstance(budget, int) and budget >= 0:
        return min(budget, THINKING_TOKENS["HIGH"])
    return THINKING_TOKENS["MEDIUM"] if config else 0  # -1, or none: as much as the model likes


def _tools(body: Body) -> tuple[Tool, ...]:
    choice = _field(_field(body, "toolConfig"), "functionCallingConfig")
    allowed = _listed(_field(choice, "allowedFunctionNames"))
    if _field(choice, "mode") == "NONE":
        return ()
    declared = [one for tool in _listed(_field(body, "tools")) for one in _listed(_field(tool, "functionDeclarations"))]
    found = [Tool(name=str(_field(one, "name")), parameters=_parameters(one)) for one in declared]
    return tuple(one for one in found if not allowed or one.name in allowed)


def _parameters(declaration: JsonValue) -> Body:
    schema = _field(declaration, "parametersJsonSchema") or _field(declaration, "parameters")
    return schema if isinstance(schema, Mapping) else {}


def _schema(config: JsonValue) -> Body | None:
    if _field(config, "responseMimeType") not in {"application/json", "text/x.enum"}:
        return None
    schema = _field(config, "responseJsonSchema") or _field(config, "responseSchema")
    return schema if isinstance(schema, Mapping) else {"type": "object", "properties": {"answer": {"type": "string"}}}


def _text_of(content: JsonValue) -> str:
    return "\n".join(text for part in _parts(content) if (text := _read(part)))


def _read(part: JsonValue) -> str:
    """Return the words that a model reads in a part: none in a picture."""
    text = _field(part, "text")
    call = _field(part, "functionCall") or _field(part, "functionResponse")
    return text if isinstance(text, str) else json_text(call) if call else ""


def _is_prompt(content: JsonValue) -> bool:
    return _field(content, "role") in {None, "user"} and any(_field(part, "text") for part in _parts(content))


def _answers_a_call(content: JsonValue) -> bool:
    return any(_field(part, "functionResponse") is not None for part in _parts(content))


def _parts(content: JsonValue) -> Sequence[JsonValue]:
    return _listed(_field(content, "parts"))


def _field(value: JsonValue | Body, name: str) -> JsonValue:
    """Return a field of an object, None where there is none. Google reads `topK` and `top_k` alike."""
    if not isinstance(value, Mapping):
        return None
    return value[name] if name in value else value.get(_snake(name))


@cache
def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def _listed(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _read_tokens(asked: Asked) -> int:
    return estimate_tokens(asked.context) + estimate_tokens(asked.prompt)


def _query(request: HttpRequest, name: str) -> str:
    return parse_qs(request.query).get(name, [""])[0]


def _is_vertex(call: Call) -> bool:
    return "/publishers/google/models" in call.request.path


def _is_stream(call: Call) -> bool:
    return call.request.path.endswith(":streamGenerateContent")


def _is_sse(call: Call) -> bool:
    """Whether a stream is one of events; it is a JSON array unless the caller says so."""
    return _query(call.request, "alt") == "sse"


class _Frame(NamedTuple):
    """What stands around the answers of a stream."""

    first: bytes
    later: bytes
    after: bytes
    end: bytes


_EVENTS = _Frame(first=b"data: ", later=b"data: ", after=b"\r\n\r\n", end=b"")
_ARRAY = _Frame(first=b"[", later=b",\r\n", after=b"", end=b"]")


def _chunks(call: Call, answer: Answer) -> Iterator[Chunk]:
    frame = _EVENTS if _is_sse(call) else _ARRAY
    before = frame.first
    for at_seconds, response in _responses(call, answer):
        yield Chunk(at_seconds, before + json_bytes(response) + frame.after)
        before = frame.later
    match answer.fault:
        case None if frame.end:
            yield Chunk(answer.ends_at_seconds, frame.end)
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = _error(HTTPStatus.SERVICE_UNAVAILABLE, _MESSAGES[HTTPStatus.SERVICE_UNAVAILABLE], [])
            bare = before.removeprefix(b"data: ")  # so it comes among events
            yield Chunk(answer.ends_at_seconds, bare + json_bytes(error) + b"\r\n" + frame.end)
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(answer.ends_at_seconds, before + b'{"candidates": [{"content": ' + frame.after)


def _responses(call: Call, answer: Answer) -> Iterator[tuple[float, Json]]:
    head = _head(call, answer)
    read: JsonValue = {"promptTokenCount": answer.input_tokens, "totalTokenCount": answer.input_tokens}

    def response(part: Json) -> Json:
        return {"candidates": [_candidate([part])], "usageMetadata": read, **head}

    for piece in answer.thinking:
        yield piece.offset_seconds, response({"text": piece.text, "thought": True})
    # A call of a function comes as a whole, when all its arguments are there.
    for piece in answer.pieces if answer.tool is None else ():
        yield piece.offset_seconds, response({"text": piece.text})
    if answer.fault is None:
        said: Json = {"text": ""} if answer.tool is None else _said(call, answer)
        yield answer.ends_at_seconds, _finished(call, answer, [said])


def _response(call: Call, answer: Answer) -> Json:
    thoughts: list[JsonValue] = [{"text": answer.thoughts, "thought": True}] if answer.thinking else []
    return _finished(call, answer, [*thoughts, _said(call, answer)])


def _finished(call: Call, answer: Answer, parts: list[JsonValue]) -> Json:
    candidate = {**_candidate(parts), "finishReason": _FINISH_REASONS[answer.finish]}
    return {"candidates": [candidate], "usageMetadata": _usage(call, answer), **_head(call, answer)}


def _candidate(parts: Sequence[JsonValue]) -> Json:
    return {"content": {"parts": list(parts), "role": "model"}, "index": 0}


def _said(call: Call, answer: Answer) -> Json:
    """Return what the model says: words, or the call of a function."""
    arguments = None if answer.tool is None else _arguments(answer.text)
    if arguments is None:
        return {"text": answer.text}
    function_call: Json = {"id": call.token("call", 8), "name": answer.tool, "args": arguments}
    return {"functionCall": function_call, "thoughtSignature": call.token("signature")}


def _arguments(text: str) -> Json | None:
    """Return the arguments of a call; None for a text, as a script may want one where there are tools."""
    try:
        arguments = from_json(text)
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _head(call: Call, answer: Answer) -> Json:
    head: Json = {"modelVersion": call.params["model"], "responseId": answer.id}
    if _is_vertex(call):
        head["createTime"] = call.now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return head


def _usage(call: Call, answer: Answer) -> Json:
    written = answer.output_tokens - answer.thinking_tokens
    usage: Json = {
        "promptTokenCount": answer.input_tokens,
        "candidatesTokenCount": written,
        "totalTokenCount": answer.input_tokens + answer.output_tokens,
        "promptTokensDetails": _as_text(answer.input_tokens),
    }
    if answer.thinking_tokens:
        usage["thoughtsTokenCount"] = answer.thinking_tokens
    if answer.cached_tokens:
        usage |= {
            "cachedContentTokenCount": answer.cached_tokens,
            "cacheTokensDetails": _as_text(answer.cached_tokens),
        }
    if _is_vertex(call):
        usage |= {"candidatesTokensDetails": _as_text(written), "trafficType": "ON_DEMAND"}
    return usage


def _as_text(tokens: int) -> list[JsonValue]:
    return [{"modality": "TEXT", "tokenCount": tokens}]


def _blocked(call: Call) -> Json:
    tokens = _read_tokens(_asked(call, call.body()))
    return {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
        "modelVersion": call.params["model"],
        "responseId": call.token("answer"),
    }


def _resource(call: Call, model_id: str) -> str:
    return f"publishers/google/models/{model_id}" if _is_vertex(call) else f"models/{model_id}"


def _is_served(one: Way) -> bool:
    return one.provider in SERVED_BY["google"]


def _described(call: Call, one: Model) -> Json:
    model_id = next(served.model_id for served in one.routes if _is_served(served))
    if _is_vertex(call):
        return {"name": _resource(call, model_id), "versionId": "default", "launchStage": "GA"}
    limits: Json = {"inputTokenLimit": one.context_window, "outputTokenLimit": one.max_output_tokens}
    return {
        "name": _resource(call, model_id),
        "version": "001",
        "displayName": one.name,
        **{name: limit for name, limit in limits.items() if limit is not None},
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _delivered(call: Call, body: Json, status: int) -> HttpResponse:
    """Return a body in the shape that the caller expects of this path, whether it is good or an error."""
    if not _is_stream(call):
        return call.reply(body, status=status)
    if not _is_sse(call):
        return call.reply([body], status=status)
    if status != HTTPStatus.OK:
        return call.reply(body, status=status)
    event = Chunk(0.0, _EVENTS.first + json_bytes(body) + _EVENTS.after)
    return HttpResponse(status, {"content-type": EVENTS_TYPE}, (event,), 0.0)


def _invalid(field: str, problem: str) -> Refused:
    return Refused(400, f"GenerateContentRequest.{field}: {problem}.", code="invalid_request", param=field)


def _error(status: int, message: str, details: list[JsonValue]) -> Json:
    error: Json = {"code": status, "message": message, "status": _status_name(status)}
    if details:
        error["details"] = details
    return {"error": error}


_STATUS_NAMES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.CONFLICT: "ABORTED",
    HTTPStatus.TOO_MANY_REQUESTS: "RESOURCE_EXHAUSTED",
    HTTPStatus.NOT_IMPLEMENTED: "UNIMPLEMENTED",
    HTTPStatus.BAD_GATEWAY: "UNAVAILABLE",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
    HTTPStatus.GATEWAY_TIMEOUT: "DEADLINE_EXCEEDED",
}
_MESSAGES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "Request contains an invalid argument.",
    HTTPStatus.UNAUTHORIZED: "Request had invalid authentication credentials.",
    HTTPStatus.FORBIDDEN: "The caller does not have permission.",
    HTTPStatus.NOT_FOUND: "Requested entity was not found.",
    HTTPStatus.TOO_MANY_REQUESTS: "You exceeded your current quota.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The model is overloaded. Please try again later.",
    HTTPStatus.GATEWAY_TIMEOUT: "Deadline expired before the answer was complete.",
}


def _status_name(status: int) -> str:
    usual = "FAILED_PRECONDITION" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "INTERNAL"
    return _STATUS_NAMES.get(status, usual)


def _message(call: Call, fault: Fault, status: int) -> str:
    if fault.kind is FaultKind.CONTEXT_TOO_LONG:
        limit = call.model(call.params["model"]).context_window
        return f"The input token count exceeds the maximum number of tokens allowed ({limit})."
    message = _MESSAGES.get(status, "An internal error has occurred.")
    wait = fault.retry_after_seconds
    return message if wait is None else f"{message} Please retry in {wait:g}s."


def _details(call: Call, fault: Fault, status: int) -> list[JsonValue]:
    details: list[JsonValue] = []
    if status == HTTPStatus.UNAUTHORIZED:
        reason = "ACCESS_TOKEN_TYPE_UNSUPPORTED" if _is_vertex(call) else "API_KEY_INVALID"
        details.append(_detail("ErrorInfo", reason=reason, domain="googleapis.com", metadata={"service": _host(call)}))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        details.append(_detail("QuotaFailure", violations=[_violation(call, fault)]))
    if fault.retry_after_seconds is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{fault.retry_after_seconds:g}s"))
    return details


def _violation(call: Call, fault: Fault) -> Json:
    period = "Day" if fault.kind is FaultKind.QUOTA else "Minute"
    return {
        "quotaMetric": f"{_host(call)}/generate_content_requests",
        "quotaId": f"GenerateRequestsPer{period}PerProjectPerModel",
        "quotaDimensions": {"location": "global", "model": call.params["model"]},
    }


def _bad_request(field: str, problem: str) -> Json:
    return _detail("BadRequest", fieldViolations=[{"field": field, "description": problem}])


def _detail(kind: str, **fields: JsonValue) -> Json:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def _host(call: Call) -> str:
    return "aiplatform.googleapis.com" if _is_vertex(call) else "generativelanguage.googleapis.com"
