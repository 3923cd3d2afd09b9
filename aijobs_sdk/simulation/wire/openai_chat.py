"""OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.answered import REFUSAL, REFUSAL_PIECES, Answer
from aijobs_sdk.simulation.wire.asked import Asked, beside_texts
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, HttpResponse, Json, around_text, chunks_at, json_bytes
from aijobs_sdk.simulation.wire.openai_errors import error_body
from aijobs_sdk.simulation.wire.openai_reading import (
    Body,
    allowed,
    check_sampling,
    images_in,
    last_of_user,
    missing,
    refuse_unanswered,
    role,
    schema,
    stops,
    text_model,
    text_of,
    thinking_tokens,
    tools,
    whole_number,
)
from aijobs_sdk.simulation.wire.openai_turns import check_messages

_UNANSWERED = ("logprobs", "top_logprobs", "audio", "functions")


def chat_completions(call: Call) -> HttpResponse:
    """Answer `POST /v1/chat/completions`."""
    body = call.body()
    if not isinstance(body.get("model"), str):
        raise Refused(400, "you must provide a model parameter", code="invalid_request")
    model = text_model(call, str(body["model"]))
    check_sampling(body, model)
    asked = _asked(body, model)
    answer = call.generate(asked)
    if not asked.stream:
        return call.whole(answer, _completion(asked, answer))
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    return call.stream(answer, _chunks(asked, answer, with_usage=with_usage))


def _asked(body: Body, model: Model) -> Asked:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise missing("messages")
    check_messages(messages)
    if (whole_number(body, "n") or 1) > 1:
        raise Refused(400, "'n' above 1 is not simulated.", code="invalid_request", param="n")
    refuse_unanswered(body, _UNANSWERED)
    if body.get("stream_options") is not None and body.get("stream") is not True:
        problem = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Refused(400, problem, code="invalid_request", param="stream_options")
    offered = tools(body, within="function")
    callable_ = allowed(body, offered, within="function")
    wanted = schema(body.get("response_format"), "response_format")
    said = [text_of(message) for message in messages]
    last = last_of_user(messages)
    return Asked(
        model_id=str(body["model"]),
        prompt=said[last],
        context="\n".join(said[:last] + said[last + 1 :]),
        max_output_tokens=whole_number(body, "max_completion_tokens") or whole_number(body, "max_tokens"),
        stop=stops(body.get("stop")),
        stream=body.get("stream") is True,
        tools=() if role(messages[-1]) == "tool" else callable_,
        schema_=wanted,
        thinking_tokens=thinking_tokens(body.get("reasoning_effort"), model, "reasoning_effort"),
        other_tokens=beside_texts(images=sum(map(images_in, messages)), tools=offered, schema=wanted),
    )


def _completion(asked: Asked, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.finish == "refusal":
        message |= {"content": answer.text or None, "refusal": REFUSAL}
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

    def body(delta: Json, finish_reason: str | None = None) -> Json:
        choice: JsonValue = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**head, "choices": [choice]}

    def event(at_seconds: float, delta: Json, finish_reason: str | None = None) -> Chunk:
        return Chunk(at_seconds, _sse(json_bytes(body(delta, finish_reason))))

    first: Json = {"role": "assistant", "content": "", "refusal": None}
    if answer.finish == "refusal":
        first |= {"content": None, "refusal": ""}
    if answer.tool is not None:
        first = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **_tool_call(answer, "")}]}
    yield event(answer.starts_at_seconds, first)
    before, after = around_text(lambda text: _sse(json_bytes(body(_delta(answer, text)))))
    yield from chunks_at(answer.pieces.seconds, [before + words + after for words in answer.pieces.as_json])
    if answer.fault is not None:
        yield from _broken(answer)
        return
    for declined in REFUSAL_PIECES if answer.finish == "refusal" else ():
        yield event(answer.ends_at_seconds, {"refusal": declined})
    yield event(answer.ends_at_seconds, {}, _finish_reason(answer))
    if with_usage:
        usage = json_bytes({**head, "choices": [], "usage": _usage(answer)})
        yield Chunk(answer.ends_at_seconds, _sse(usage))
    yield Chunk(answer.ends_at_seconds, b"data: [DONE]\n\n")


def _broken(answer: Answer) -> Iterator[Chunk]:
    match answer.fault:
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = error_body("The server had an error while processing your request.", "server_error", None)
            yield Chunk(answer.ends_at_seconds, _sse(json_bytes(error)))
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(answer.ends_at_seconds, b'data: {"id": "chatcmpl-, "choices": [\n\n')


def _delta(answer: Answer, text: str) -> Json:
    if answer.tool is None:
        return {"content": text}
    return {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}


def _sse(data: bytes) -> bytes:
    return b"data: %s\n\n" % data


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
    return {"tool": "tool_calls", "refusal": "stop"}.get(answer.finish, answer.finish)


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
