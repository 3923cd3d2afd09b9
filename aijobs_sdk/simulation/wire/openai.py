"""OpenAI: chat completions, as its reference describes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.rate_limits import Allowance
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.asked import Asked, Tool
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import Route, route
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest, HttpResponse, json_bytes

Json = dict[str, JsonValue]
THINKING_TOKENS = {"none": 0, "minimal": 0, "low": 200, "medium": 600, "high": 1500, "xhigh": 3000}
"""About how much a reasoning effort thinks: own choice."""


class OpenAI:
    """`/v1`, as the `openai` library calls it."""

    name = "openai"

    @property
    def routes(self) -> Sequence[Route]:
        """Return its paths."""
        return (route("POST", "/v1/chat/completions", chat_completions),)

    def key(self, request: HttpRequest) -> str | None:
        """Return the key that the caller shows."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip() or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        code = {"invalid_request": None, "not_found": None}.get(refused.code, refused.code)
        return call.reply(_error(refused.message, "invalid_request_error", code, refused.param), status=refused.status)

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status."""
        status = 503 if fault.kind is FaultKind.OVERLOADED else fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
        message, kind, code = _WORDS.get(fault.kind) or _words_of(status)
        response = call.reply(_error(message, kind, code), status=status)
        return response._replace(headers={**response.headers, **_retry_after(fault)})

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        headers = {
            "x-request-id": f"req_{call.request_id}",
            "openai-version": "2020-10-01",
            "openai-organization": "org-simulated",
            "openai-processing-ms": "12",
        }
        for name, one in (("requests", call.allowances.requests), ("tokens", call.allowances.tokens)):
            headers |= _limit_headers(name, one)
        return headers


def chat_completions(call: Call) -> HttpResponse:
    """Answer `POST /v1/chat/completions`."""
    body = call.body()
    asked = _asked(body)
    answer = call.generate(asked)
    if not asked.stream:
        return call.whole(answer, _completion(asked, answer))
    options = body.get("stream_options")
    with_usage = isinstance(options, Mapping) and options.get("include_usage") is True
    return call.stream(answer, _chunks(asked, answer, with_usage=with_usage))


def _asked(body: Mapping[str, JsonValue]) -> Asked:
    messages = body.get("messages")
    if not isinstance(body.get("model"), str):
        raise Refused(400, "you must provide a model parameter", code="invalid_request")
    if not isinstance(messages, list) or not messages:
        raise Refused(
            400, "Missing required parameter: 'messages'.", code="missing_required_parameter", param="messages"
        )
    said = [_text_of(message) for message in messages]
    last = max((place for place, message in enumerate(messages) if _role(message) == "user"), default=len(said) - 1)
    return Asked(
        model_id=str(body["model"]),
        prompt=said[last],
        context="\n".join(said[:last] + said[last + 1 :]),
        max_output_tokens=_whole_number(body, "max_completion_tokens") or _whole_number(body, "max_tokens"),
        stop=_stops(body.get("stop")),
        stream=body.get("stream") is True,
        tools=() if _role(messages[-1]) == "tool" else _tools(body),
        schema_=_schema(body.get("response_format")),
        thinking_tokens=THINKING_TOKENS.get(str(body.get("reasoning_effort", "none")), 0),
    )


def _completion(asked: Asked, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.tool is not None:
        message |= {"content": None, "tool_calls": [_tool_call(answer, answer.text)]}
    choice: JsonValue = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(answer)}
    return {
        **_head(asked, answer, "chat.completion"),
        "choices": [choice],
        "usage": _usage(answer),
        "service_tier": "default",
    }


def _chunks(asked: Asked, answer: Answer, *, with_usage: bool) -> Iterator[Chunk]:
    head = {**_head(asked, answer, "chat.completion.chunk"), "service_tier": "default"}
    if with_usage:
        head["usage"] = None

    def event(at_seconds: float, delta: Json, finish_reason: str | None = None) -> Chunk:
        choice: JsonValue = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return Chunk(at_seconds, _sse({**head, "choices": [choice]}))

    first: Json = {"role": "assistant", "content": "", "refusal": None}
    if answer.tool is not None:
        first = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **_tool_call(answer, "")}]}
    yield event(answer.starts_at_seconds, first)
    for piece in answer.pieces:
        if answer.tool is None:
            yield event(piece.offset_seconds, {"content": piece.text})
        else:
            call: JsonValue = {"index": 0, "function": {"arguments": piece.text}}
            yield event(piece.offset_seconds, {"tool_calls": [call]})
    if answer.fault is not None:
        yield from _broken(answer)
        return
    yield event(answer.ends_at_seconds, {}, _finish_reason(answer))
    if with_usage:
        yield Chunk(answer.ends_at_seconds, _sse({**head, "choices": [], "usage": _usage(answer)}))
    yield Chunk(answer.ends_at_seconds, b"data: [DONE]\n\n")


def _broken(answer: Answer) -> Iterator[Chunk]:
    match answer.fault:
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = _error("The server had an error while processing your request.", "server_error", None)
            yield Chunk(answer.ends_at_seconds, _sse(error))
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(answer.ends_at_seconds, b'data: {"id": "chatcmpl-, "choices": [\n\n')


def _sse(data: object) -> bytes:
    return b"data: %s\n\n" % json_bytes(data)


def _head(asked: Asked, answer: Answer, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": answer.created,
        "model": asked.model_id,
        "system_fingerprint": "fp_simulated",
    }


def _tool_call(answer: Answer, arguments: str) -> Json:
    return {
        "id": f"call_{answer.id}",
        "type": "function",
        "function": {"name": answer.tool, "arguments": arguments},
    }


def _finish_reason(answer: Answer) -> str:
    return "tool_calls" if answer.finish == "tool" else answer.finish


def _usage(answer: Answer) -> Json:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.thinking_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _text_of(message: JsonValue) -> str:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    parts: Sequence[Any] = content if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and "text" in part)


def _role(message: JsonValue) -> str:
    return str(message.get("role")) if isinstance(message, Mapping) else ""


def _whole_number(body: Mapping[str, JsonValue], name: str) -> int | None:
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


def _stops(stop: JsonValue) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(map(str, stop)) if isinstance(stop, list) else ()


def _tools(body: Mapping[str, JsonValue]) -> tuple[Tool, ...]:
    choice = body.get("tool_choice")
    found = [
        Tool(name=str(one["function"]["name"]), parameters=one["function"].get("parameters") or {})
        for one in _listed(body.get("tools"))
        if isinstance(one, Mapping) and isinstance(one.get("function"), Mapping)
    ]
    if choice == "none":
        return ()
    if isinstance(choice, Mapping) and isinstance(choice.get("function"), Mapping):
        return tuple(one for one in found if one.name == choice["function"].get("name"))  # type: ignore[union-attr]
    return tuple(found)


def _listed(value: JsonValue) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _schema(wanted: JsonValue) -> Mapping[str, JsonValue] | None:
    if not isinstance(wanted, Mapping):
        return None
    if wanted.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    asked = wanted.get("json_schema")
    schema = asked.get("schema") if isinstance(asked, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def _error(message: str, kind: str, code: str | None, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


_Words = tuple[str, str, str | None]
_WORDS: Mapping[FaultKind | None, _Words] = {
    FaultKind.QUOTA: (
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
    ),
    FaultKind.CONTEXT_TOO_LONG: (
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "invalid_request_error",
        "context_length_exceeded",
    ),
    FaultKind.CONTENT_FILTER: (
        "Your request was rejected as a result of our safety system.",
        "invalid_request_error",
        "content_policy_violation",
    ),
}


def _words_of(status: int) -> _Words:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"
        case HTTPStatus.FORBIDDEN:
            return "You do not have access to this resource.", "invalid_request_error", None
        case HTTPStatus.NOT_FOUND:
            return "The requested resource does not exist.", "invalid_request_error", "not_found"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded"
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return "The request was not accepted.", "invalid_request_error", None
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return "The engine is currently overloaded, please try again later.", "server_error", None
        case _:
            return "The server had an error while processing your request.", "server_error", None


def _retry_after(fault: Fault) -> Headers:
    seconds = fault.retry_after_seconds
    if seconds is None:
        return {}
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}


def _limit_headers(name: str, one: Allowance | None) -> dict[str, str]:
    if one is None:
        return {}
    return {
        f"x-ratelimit-limit-{name}": str(one.limit),
        f"x-ratelimit-remaining-{name}": str(one.remaining),
        f"x-ratelimit-reset-{name}": f"{one.reset_seconds:.3f}s",
    }
