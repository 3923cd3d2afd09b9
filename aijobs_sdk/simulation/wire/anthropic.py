"""Anthropic: messages, their batches and the list of models, as its reference describes them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from http import HTTPStatus

from aijobs_sdk.simulation.faults import Fault
from aijobs_sdk.simulation.kept import KEPT_THINGS
from aijobs_sdk.simulation.rate_limits import Allowance
from aijobs_sdk.simulation.wire.anthropic_batches import Batches
from aijobs_sdk.simulation.wire.anthropic_errors import failure, refusal
from aijobs_sdk.simulation.wire.anthropic_messages import say, server_sent
from aijobs_sdk.simulation.wire.anthropic_models import model, models
from aijobs_sdk.simulation.wire.anthropic_reading import asked_of, model_id_of
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.endpoints import route
from aijobs_sdk.simulation.wire.exchange import Headers, HttpRequest, HttpResponse, instant
from aijobs_sdk.simulation.wire.prompt_cache import PromptCache


class Anthropic:
    """`/v1`, as the `anthropic` library calls it."""

    name = "anthropic"

    def __init__(self, *, kept_batches: int = KEPT_THINGS) -> None:
        self._cache = PromptCache()
        batches = Batches(at_most=kept_batches)
        self.routes = (
            route("POST", "/v1/messages", self._messages),
            route("POST", "/v1/messages/count_tokens", _count_tokens),
            route("POST", "/v1/messages/batches", batches.create),
            route("GET", "/v1/messages/batches", batches.list),
            route("GET", "/v1/messages/batches/{id}", batches.retrieve),
            route("POST", "/v1/messages/batches/{id}/cancel", batches.cancel),
            route("DELETE", "/v1/messages/batches/{id}", batches.delete),
            route("GET", "/v1/messages/batches/{id}/results", batches.results),
            route("GET", "/v1/models", models),
            route("GET", "/v1/models/{id}", model),
        )

    def key(self, request: HttpRequest) -> str | None:
        """Return the key that the caller shows."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return request.headers.get("x-api-key", bearer).strip() or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        return call.reply(refusal(call, refused), status=refused.status)

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status."""
        response = call.reply(failure(call, fault), status=fault.status or HTTPStatus.INTERNAL_SERVER_ERROR)
        if fault.retry_after_seconds is None:
            return response
        return response._replace(headers={**response.headers, "retry-after": str(math.ceil(fault.retry_after_seconds))})

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        left = call.allowances
        headers = {"request-id": f"req_{call.request_id}", "anthropic-organization-id": "org-simulated"}
        for name, one in (("requests", left.requests), ("tokens", left.tokens), ("input-tokens", left.tokens)):
            headers |= _limit_headers(name, one, call.now)
        return headers

    def _messages(self, call: Call) -> HttpResponse:
        body = call.body()
        stream = body.get("stream") is True
        tier = "batch" if call.is_batched else "standard"
        message = say(call, body, model_id_of(body), cache=self._cache, stream=stream, tier=tier)
        if not stream:
            return call.whole(message.answer, message.body())
        return call.stream(message.answer, server_sent(message))


def _count_tokens(call: Call) -> HttpResponse:
    body = call.body()
    model_id = model_id_of(body)
    call.model(model_id)
    return call.reply({"input_tokens": asked_of(body, model_id).read_tokens})


def _limit_headers(name: str, one: Allowance | None, now: datetime) -> dict[str, str]:
    if one is None:
        return {}
    # Told in whole seconds, and never too early.
    reset = now.replace(microsecond=0) + timedelta(seconds=math.ceil(one.reset_seconds + now.microsecond / 1e6))
    return {
        f"anthropic-ratelimit-{name}-limit": str(one.limit),
        f"anthropic-ratelimit-{name}-remaining": str(one.remaining),
        f"anthropic-ratelimit-{name}-reset": instant(reset),
    }
