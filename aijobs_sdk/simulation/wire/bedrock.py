"""Amazon Bedrock's runtime: the models' own bodies by `invoke`, and one for all of them by `converse`."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from pydantic import JsonValue

from aijobs_sdk.providers.failures import OVERLOADED
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire import event_stream
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.anthropic_messages import Message, say
from aijobs_sdk.simulation.wire.bedrock_converse import as_native, conversation, converse_frames, milliseconds
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import route
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest, HttpResponse, Json, json_bytes
from aijobs_sdk.simulation.wire.prompt_cache import PromptCache

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)")


class Bedrock:
    """`/model/...`, as `boto3` and `anthropic.AnthropicBedrock` call it."""

    name = "bedrock"

    def __init__(self) -> None:
        self._cache = PromptCache()
        self.routes = (
            route("POST", "/model/{model*}/invoke", self._invoke),
            route("POST", "/model/{model*}/invoke-with-response-stream", self._invoke_streaming),
            route("POST", "/model/{model*}/converse", self._converse),
            route("POST", "/model/{model*}/converse-stream", self._converse_streaming),
        )

    def key(self, request: HttpRequest) -> str | None:
        """Return the bearer's key, or the access key that signed: the signature itself is another each time."""
        authorization = request.headers.get("authorization", "")
        signer = _CREDENTIAL.search(authorization)
        return signer[1] if signer else authorization.removeprefix("Bearer ").strip() or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        match refused.code:
            case "invalid_api_key":
                return _error(call, _Words(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))
            case "model_not_found":
                return _error(call, _Words(400, "ValidationException", "The provided model identifier is invalid."))
            case _:
                return _error(call, _words_of(refused.status)._replace(message=refused.message))

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status. It never says how long to wait."""
        return _error(call, _WORDS.get(fault.kind) or _words_of(fault.status or HTTPStatus.INTERNAL_SERVER_ERROR))

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        return {"x-amzn-requestid": str(uuid.uuid5(uuid.NAMESPACE_URL, call.request_id))}

    def _invoke(self, call: Call) -> HttpResponse:
        message = self._said(call, _native(call), stream=False)
        response = call.whole(message.answer, message.body())
        return response._replace(headers={**response.headers, **_counts(message)})

    def _invoke_streaming(self, call: Call) -> HttpResponse:
        message = self._said(call, _native(call), stream=True)
        response = _streamed(call, message, _chunk_frames(message))
        return response._replace(headers={**response.headers, "x-amzn-bedrock-content-type": "application/json"})

    def _converse(self, call: Call) -> HttpResponse:
        message = self._said(call, as_native(call, _model_id(call)), stream=False)
        return call.whole(message.answer, conversation(message))

    def _converse_streaming(self, call: Call) -> HttpResponse:
        message = self._said(call, as_native(call, _model_id(call)), stream=True)
        return _streamed(call, message, converse_frames(message))

    def _said(self, call: Call, body: Mapping[str, JsonValue], *, stream: bool) -> Message:
        return say(call, body, _model_id(call), cache=self._cache, stream=stream)


def _model_id(call: Call) -> str:
    return unquote(call.params["model"])


def _native(call: Call) -> Mapping[str, JsonValue]:
    body = call.body()
    if body.get("anthropic_version") is None:
        raise Refused(400, "anthropic_version: Field required", code="invalid_request", param="anthropic_version")
    return body


def _counts(message: Message) -> Headers:
    answer = message.answer
    return {
        "x-amzn-bedrock-input-token-count": str(message.input_tokens),
        "x-amzn-bedrock-output-token-count": str(answer.output_tokens),
        "x-amzn-bedrock-cache-read-input-token-count": str(answer.cached_tokens),
        "x-amzn-bedrock-cache-write-input-token-count": str(message.cache_written_tokens),
        "x-amzn-bedrock-invocation-latency": str(milliseconds(answer.ends_at_seconds)),
    }


def _streamed(call: Call, message: Message, frames: Iterator[Chunk]) -> HttpResponse:
    chunks = [*frames, *_broken(message.answer)]
    return call.stream(message.answer, chunks, content_type=event_stream.CONTENT_TYPE)


def _chunk_frames(message: Message) -> Iterator[Chunk]:
    for at_seconds, data in message.events():
        told = {**data, **_metrics(message)} if data["type"] == "message_stop" else data
        payload = json_bytes({"bytes": base64.b64encode(json_bytes(told)).decode()})
        yield Chunk(at_seconds, event_stream.event("chunk", payload))


def _metrics(message: Message) -> Json:
    answer = message.answer
    return {
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": message.input_tokens,
            "outputTokenCount": answer.output_tokens,
            "invocationLatency": milliseconds(answer.ends_at_seconds),
            "firstByteLatency": milliseconds(answer.starts_at_seconds),
            "cacheReadInputTokenCount": answer.cached_tokens,
            "cacheWriteInputTokenCount": message.cache_written_tokens,
        }
    }


def _broken(answer: Answer) -> Iterator[Chunk]:
    match answer.fault:
        case Fault(kind=FaultKind.ERROR_EVENT):
            payload = json_bytes({"message": _words_of(HTTPStatus.SERVICE_UNAVAILABLE).message})
            yield Chunk(answer.ends_at_seconds, event_stream.exception("serviceUnavailableException", payload))
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            whole = event_stream.event("chunk", b'{"bytes": "eyJ0eX')
            yield Chunk(answer.ends_at_seconds, event_stream.damaged(whole))


class _Words(NamedTuple):
    """An error: its status, its class, and what it says."""

    status: int
    kind: str
    message: str


def _error(call: Call, words: _Words) -> HttpResponse:
    response = call.reply({"message": words.message}, status=words.status)
    return response._replace(headers={**response.headers, "x-amzn-errortype": words.kind})


_WORDS: Mapping[FaultKind | None, _Words] = {
    FaultKind.QUOTA_EXHAUSTED: _Words(
        429, "ThrottlingException", "Too many tokens per day, please wait before trying again."
    ),
    FaultKind.CONTENT_FILTER: _Words(400, "ValidationException", "Output blocked by content filtering policy"),
    FaultKind.CONTEXT_TOO_LONG: _Words(400, "ValidationException", "Input is too long for requested model."),
}


def _words_of(status: int) -> _Words:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            message = "The security token included in the request is invalid."
            return _Words(403, "UnrecognizedClientException", message)
        case HTTPStatus.FORBIDDEN:
            return _Words(403, "AccessDeniedException", "You do not have access to the model with this identifier.")
        case HTTPStatus.NOT_FOUND:
            return _Words(404, "ResourceNotFoundException", "The requested resource is not found.")
        case HTTPStatus.REQUEST_TIMEOUT:
            return _Words(408, "ModelTimeoutException", "The model took too long to answer. Try the request again.")
        case HTTPStatus.CONFLICT:
            return _Words(409, "ConflictException", "Another call is in the way of this one. Try the request again.")
        case HTTPStatus.FAILED_DEPENDENCY:
            return _Words(424, "ModelErrorException", "The model failed while it worked on the request.")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _Words(429, "ThrottlingException", "Too many requests, please wait before trying again.")
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _Words(status, "ValidationException", "The request does not fit what the service accepts.")
        case _ if status in {HTTPStatus.SERVICE_UNAVAILABLE, OVERLOADED}:
            return _Words(503, "ServiceUnavailableException", "The service cannot take the request now. Try it again.")
        case _:
            return _Words(status, "InternalServerException", "The service failed while it worked on the request.")
