"""OpenAI, as its own library calls it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import Route, route
from aijobs_sdk.simulation.wire.exchange import Headers, HttpRequest, HttpResponse
from aijobs_sdk.simulation.wire.openai_batches import Batches
from aijobs_sdk.simulation.wire.openai_chat import chat_completions
from aijobs_sdk.simulation.wire.openai_errors import WORDS, error_body, retry_after, words_of
from aijobs_sdk.simulation.wire.openai_files import Files
from aijobs_sdk.simulation.wire.openai_images import images
from aijobs_sdk.simulation.wire.openai_models import embeddings, model, models
from aijobs_sdk.simulation.wire.openai_responses import Responses
from aijobs_sdk.simulation.wire.openai_stored import StoredResponses


class OpenAI:
    """`/v1`, as the `openai` library calls it."""

    name = "openai"

    def __init__(self) -> None:
        self._files = Files()
        self._batches = Batches(self._files)
        self._stored = StoredResponses()
        self._responses = Responses(self._stored)

    @property
    def routes(self) -> Sequence[Route]:
        """Return its paths."""
        return (
            route("POST", "/v1/chat/completions", chat_completions),
            route("POST", "/v1/responses", self._responses.create),
            route("GET", "/v1/responses/{id}", self._stored.retrieve),
            route("DELETE", "/v1/responses/{id}", self._stored.delete),
            route("POST", "/v1/images/generations", images),
            route("POST", "/v1/embeddings", embeddings),
            route("POST", "/v1/files", self._files.create),
            route("GET", "/v1/files", self._files.list),
            route("GET", "/v1/files/{id}", self._files.retrieve),
            route("DELETE", "/v1/files/{id}", self._files.delete),
            route("GET", "/v1/files/{id}/content", self._files.content),
            route("POST", "/v1/batches", self._batches.create),
            route("GET", "/v1/batches", self._batches.list),
            route("GET", "/v1/batches/{id}", self._batches.retrieve),
            route("POST", "/v1/batches/{id}/cancel", self._batches.cancel),
            route("GET", "/v1/models", models),
            route("GET", "/v1/models/{model}", model),
        )

    def key(self, request: HttpRequest) -> str | None:
        """Return the key that the caller shows; Anthropic's clients show theirs in the same way, at paths in common."""
        if "anthropic-version" in request.headers:
            return None
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip() or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        code = {"invalid_request": None, "not_found": None}.get(refused.code, refused.code)
        return call.reply(
            error_body(refused.message, "invalid_request_error", code, refused.param), status=refused.status
        )

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status."""
        status = 503 if fault.kind is FaultKind.OVERLOADED else fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
        message, kind, code = WORDS.get(fault.kind) or words_of(status)
        response = call.reply(error_body(message, kind, code), status=status)
        return response._replace(headers={**response.headers, **retry_after(fault)})

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        headers = {
            "x-request-id": f"req_{call.request_id}",
            "openai-version": "2020-10-01",
            "openai-organization": "org-simulated",
            "openai-processing-ms": "12",
        }
        requests, tokens = call.allowances
        if requests is not None:
            headers["x-ratelimit-limit-requests"] = str(requests.limit)
            headers["x-ratelimit-remaining-requests"] = str(requests.remaining)
            headers["x-ratelimit-reset-requests"] = f"{requests.reset_seconds:.3f}s"
        if tokens is not None:
            headers["x-ratelimit-limit-tokens"] = str(tokens.limit)
            headers["x-ratelimit-remaining-tokens"] = str(tokens.remaining)
            headers["x-ratelimit-reset-tokens"] = f"{tokens.reset_seconds:.3f}s"
        return headers
