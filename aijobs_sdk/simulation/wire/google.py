"""Google: the Gemini API and Vertex AI. They differ in paths and in a few fields of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.model import Route as Way
from aijobs_sdk.simulation.faults import Fault, FaultKind, Quirk
from aijobs_sdk.simulation.pieces import NO_PIECES, GivenPieces, Pieces, TimedText
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import Route, route
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest, HttpResponse, Json, instant, json_bytes
from aijobs_sdk.simulation.wire.google_errors import MESSAGES, bad_request, details_of, error_body, message_of
from aijobs_sdk.simulation.wire.google_reading import (
    asked_of,
    field,
    is_sse,
    is_stream,
    is_vertex,
    query,
)
from aijobs_sdk.simulation.wire.model_ids import SERVED_BY

JSON_TYPE, EVENTS_TYPE = "application/json; charset=UTF-8", "text/event-stream"
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "refusal": "SAFETY"}
HARM = "HARM_CATEGORY_DANGEROUS_CONTENT"
"""For which the model declines, always."""

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
        return headers.get("x-goog-api-key") or query(request, "key") or token or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        message = refused.message
        if refused.code == "model_not_found":
            message = f"{_resource(call, call.params['model'])} is not found for API version {call.params['version']}."
        details: list[JsonValue] = []
        if refused.param is not None and refused.code == "invalid_request":
            details.append(bad_request(refused.param, message))
        return _delivered(call, error_body(refused.status, message, details), refused.status)

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status; a prompt it blocks is a good answer without a text."""
        if fault.kind is FaultKind.CONTENT_FILTER:
            return _delivered(call, _blocked(call), HTTPStatus.OK)
        status = 503 if fault.kind is FaultKind.OVERLOADED else fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
        return _delivered(
            call, error_body(status, message_of(call, fault, status), details_of(call, fault, status)), status
        )

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
    config = field(body, "generationConfig")
    asked = asked_of(call, body)
    answer = call.generate(asked)
    if field(field(config, "thinkingConfig"), "includeThoughts") is not True:
        answer = answer._replace(thinking=NO_PIECES)  # they were thought, and are counted, all the same
    if field(config, "responseMimeType") == "text/x.enum":
        bare = tuple([text.replace('"', "") for text in answer.pieces.texts])
        answer = answer._replace(pieces=GivenPieces(answer.pieces.seconds, bare))
    if not asked.stream:
        return call.whole(answer, _response(call, answer), content_type=JSON_TYPE)
    return call.stream(answer, _chunks(call, answer), content_type=EVENTS_TYPE if is_sse(call) else JSON_TYPE)


def count_tokens(call: Call) -> HttpResponse:
    """Answer `:countTokens`."""
    call.model(call.params["model"])
    wrapped = field(call.body(), "generateContentRequest")
    tokens = asked_of(call, wrapped if isinstance(wrapped, dict) else call.body()).read_tokens
    return _delivered(call, {"totalTokens": tokens, "promptTokensDetails": _as_text(tokens)}, HTTPStatus.OK)


def models(call: Call) -> HttpResponse:
    """Answer `GET` of all models."""
    served = [one for one in call.table if one.kind == "text" and any(map(_is_served, one.routes))]
    listed = "publisherModels" if is_vertex(call) else "models"
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


class _Frame(NamedTuple):
    """What stands around the answers of a stream."""

    first: bytes
    later: bytes
    after: bytes
    end: bytes


_EVENTS = _Frame(first=b"data: ", later=b"data: ", after=b"\r\n\r\n", end=b"")
_ARRAY = _Frame(first=b"[", later=b",\r\n", after=b"", end=b"]")


def _chunks(call: Call, answer: Answer) -> Iterator[Chunk]:
    frame = _EVENTS if is_sse(call) else _ARRAY
    before = frame.first
    for at_seconds, response in _responses(call, answer):
        yield Chunk(at_seconds, before + json_bytes(response) + frame.after)
        before = frame.later
    match answer.fault:
        case None if frame.end:
            yield Chunk(answer.ends_at_seconds, frame.end)
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = error_body(HTTPStatus.SERVICE_UNAVAILABLE, MESSAGES[HTTPStatus.SERVICE_UNAVAILABLE], [])
            bare = before.removeprefix(b"data: ")  # so it comes among events
            yield Chunk(answer.ends_at_seconds, bare + json_bytes(error) + b"\r\n" + frame.end)
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(answer.ends_at_seconds, before + b'{"candidates": [{"content": ' + frame.after)


def _responses(call: Call, answer: Answer) -> Iterator[tuple[float, Json]]:
    head = _head(call, answer)

    def response(part: Json, thought: int, said: int) -> Json:
        return {"candidates": [_candidate([part])], "usageMetadata": _so_far(call, answer, thought, said), **head}

    for piece, thought in _counted(answer.thinking, answer.thinking_tokens):
        yield piece.offset_seconds, response({"text": piece.text, "thought": True}, thought, 0)
    # A call of a function comes as a whole, when all its arguments are there.
    words = answer.pieces if answer.tool is None else NO_PIECES
    for piece, said in _counted(words, answer.output_tokens - answer.thinking_tokens):
        yield piece.offset_seconds, response({"text": piece.text}, answer.thinking_tokens, said)
    if answer.fault is None:
        yield answer.ends_at_seconds, _finished(call, answer, _said(call, answer, ""))


def _counted(pieces: Pieces, tokens: int) -> Iterator[tuple[TimedText, int]]:
    """Yield each piece with how many of all their tokens are written by its end."""
    for number, piece in enumerate(pieces, start=1):
        yield piece, -(-tokens * number // len(pieces))


def _so_far(call: Call, answer: Answer, thought: int, said: int) -> Json:
    """Return the usage in the middle of a stream: running totals."""
    counts: Json = {"thoughtsTokenCount": thought, "candidatesTokenCount": said}
    usage: Json = {
        "promptTokenCount": answer.input_tokens,
        **{name: count for name, count in counts.items() if count},
        "totalTokenCount": answer.input_tokens + thought + said,
    }
    return usage | {"trafficType": "ON_DEMAND"} if is_vertex(call) else usage


def _response(call: Call, answer: Answer) -> Json:
    thoughts: list[JsonValue] = [{"text": answer.thoughts, "thought": True}] if answer.thinking else []
    return _finished(call, answer, [*thoughts, *_said(call, answer, answer.text)])


def _finished(call: Call, answer: Answer, parts: list[JsonValue]) -> Json:
    candidate = {**_candidate(parts), "finishReason": _finish_reason(answer)}
    if answer.finish == "refusal":
        candidate["safetyRatings"] = [{"category": HARM, "probability": "HIGH", "blocked": True}]
    return {"candidates": [candidate], "usageMetadata": _usage(call, answer), **_head(call, answer)}


def _finish_reason(answer: Answer) -> str:
    # Google looks at a call before it passes it on, and says so where its arguments cannot be used.
    is_unfit = answer.finish == "tool" and answer.quirk is Quirk.BAD_TOOL_ARGS
    return "MALFORMED_FUNCTION_CALL" if is_unfit else _FINISH_REASONS[answer.finish]


def _candidate(parts: Sequence[JsonValue]) -> Json:
    return {"content": {"parts": list(parts), "role": "model"}, "index": 0} if parts else {"index": 0}


def _said(call: Call, answer: Answer, text: str) -> list[JsonValue]:
    """Return what the model says: this text, the call of a function, or nothing where it declines."""
    if answer.tool is not None:
        function_call: Json = {"id": call.token("call", 8), "name": answer.tool, "args": dict(answer.arguments)}
        return [{"functionCall": function_call, "thoughtSignature": call.token("signature")}]
    return [] if answer.finish == "refusal" and not text else [{"text": text}]


def _head(call: Call, answer: Answer) -> Json:
    head: Json = {"modelVersion": call.params["model"], "responseId": answer.id}
    if is_vertex(call):
        head["createTime"] = instant(call.now)
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
    if is_vertex(call):
        usage |= {"candidatesTokensDetails": _as_text(written), "trafficType": "ON_DEMAND"}
    return usage


def _as_text(tokens: int) -> list[JsonValue]:
    return [{"modality": "TEXT", "tokenCount": tokens}]


def _blocked(call: Call) -> Json:
    tokens = asked_of(call, call.body()).read_tokens
    return {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
        "modelVersion": call.params["model"],
        "responseId": call.token("answer"),
    }


def _resource(call: Call, model_id: str) -> str:
    return f"publishers/google/models/{model_id}" if is_vertex(call) else f"models/{model_id}"


def _is_served(one: Way) -> bool:
    return one.provider in SERVED_BY["google"]


def _described(call: Call, one: Model) -> Json:
    model_id = next(served.model_id for served in one.routes if _is_served(served))
    if is_vertex(call):
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
    if not is_stream(call):
        return call.reply(body, status=status)
    if not is_sse(call):
        return call.reply([body], status=status)
    if status != HTTPStatus.OK:
        return call.reply(body, status=status)
    event = Chunk(0.0, _EVENTS.first + json_bytes(body) + _EVENTS.after)
    return HttpResponse(status, {"content-type": EVENTS_TYPE}, (event,), 0.0)
