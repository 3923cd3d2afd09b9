"""Anthropic's batches of messages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import NamedTuple

from aijobs_sdk.simulation.wire.anthropic_errors import failure, refusal
from aijobs_sdk.simulation.wire.anthropic_messages import say
from aijobs_sdk.simulation.wire.anthropic_reading import Body, invalid, model_id_of
from aijobs_sdk.simulation.wire.calls import Call, Failed, Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, HttpResponse, Json, instant, json_bytes
from aijobs_sdk.simulation.wire.prompt_cache import PromptCache

BATCH_LIFETIME = timedelta(hours=24)
KEPT_BATCHES = 1000
"""How many can still be looked at, over all callers: the oldest goes first."""


class Batches:
    """The latest batches of all callers, each known to the one that made it."""

    def __init__(self, cache: PromptCache, *, at_most: int) -> None:
        self._cache = cache
        self._at_most = at_most
        self._kept: OrderedDict[tuple[str, str], _Batch] = OrderedDict()

    def create(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/messages/batches`: all of the batch is done at once."""
        batch = _run(call, self._cache)
        self._keep((call.identity.tenant, str(batch.facts["id"])), batch)
        return call.reply(batch.facts)

    def retrieve(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/messages/batches/{id}`."""
        return call.reply(self._known(call).facts)

    def results(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/messages/batches/{id}/results`: a line of JSON for each request."""
        lines = Chunk(0.0, self._known(call).results)
        return HttpResponse(HTTPStatus.OK, {"content-type": "application/x-jsonl"}, (lines,), 0.0)

    def _keep(self, key: tuple[str, str], batch: _Batch) -> None:
        self._kept[key] = batch
        self._kept.move_to_end(key)
        while len(self._kept) > self._at_most:
            self._kept.popitem(last=False)

    def _known(self, call: Call) -> _Batch:
        batch = self._kept.get((call.identity.tenant, call.params["id"]))
        if batch is None:
            raise Refused(404, f"No message batch {call.params['id']} is known.", code="not_found")
        return batch


class _Batch(NamedTuple):
    """A batch that has ended, as all do at once."""

    facts: Json
    results: bytes


def _run(call: Call, cache: PromptCache) -> _Batch:
    results = {name: _result(call, name, params, cache) for name, params in _batched(call.body()).items()}
    lines = [json_bytes({"custom_id": name, "result": result}) + b"\n" for name, result in results.items()]
    return _Batch(_facts(call, [str(result["type"]) for result in results.values()]), b"".join(lines))


def _facts(call: Call, outcomes: Sequence[str]) -> Json:
    batch_id = f"msgbatch_{call.token('batch')}"
    host = call.request.headers.get("host", "api.anthropic.com")
    scheme = "http" if ":" in host else "https"  # only a host of one's own has a port
    return {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {
            "processing": 0,
            "succeeded": outcomes.count("succeeded"),
            "errored": outcomes.count("errored"),
            "canceled": 0,
            "expired": 0,
        },
        "created_at": instant(call.now),
        "ended_at": instant(call.now),
        "expires_at": instant(call.now + BATCH_LIFETIME),
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{scheme}://{host}/v1/messages/batches/{batch_id}/results",
    }


def _batched(body: Body) -> Mapping[str, Body]:
    """Return what each request of the batch asks, by the caller's name for it."""
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise invalid("requests", "at least one request is required")
    named: dict[str, Body] = {}
    for place, one in enumerate(requests):
        params = one.get("params") if isinstance(one, dict) else None
        custom_id = one.get("custom_id") if isinstance(one, dict) else None
        if not isinstance(custom_id, str) or not isinstance(params, dict):
            raise invalid(f"requests.{place}", "custom_id and params are required")
        if custom_id in named:
            raise invalid(f"requests.{place}.custom_id", f"{custom_id!r} is there twice")
        named[custom_id] = params
    return named


def _result(batch: Call, custom_id: str, params: Body, cache: PromptCache) -> Json:
    call = copy(batch)
    call.is_limited = False  # batches have limits of their own
    call.identity = replace(batch.identity, key=f"{batch.identity.key}/{custom_id}")
    try:
        message = say(call, params, model_id_of(params), cache=cache, tier="batch")
    except Refused as refused:
        return {"type": "errored", "error": refusal(call, refused)}
    except Failed as failed:
        return {"type": "errored", "error": failure(call, failed.fault)}
    return {"type": "succeeded", "message": message.body()}
