"""Anthropic's batches of messages: they take their time, and their results come in no order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus

from aijobs_sdk.contract.economy import RemoteState
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.simulation.kept import Kept
from aijobs_sdk.simulation.wire.anthropic_blocks import Body, invalid
from aijobs_sdk.simulation.wire.batched import Batched, NamedLine, begin, listed, named_line
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, HttpResponse, Json, instant, json_bytes, json_of

_CUSTOM_ID = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")


class Batches:
    """The latest batches of all callers, each known to the one that made it."""

    def __init__(self, *, at_most: int) -> None:
        self._kept: Kept[Batched] = Kept(at_most=at_most)

    def create(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/messages/batches`."""
        batch = begin(call, f"msgbatch_{call.token('batch')}", _lines(call), provider=call.vendor)
        self._kept.keep(call.identity.tenant, batch.id, batch)
        return call.reply(_facts(call, batch))

    def retrieve(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/messages/batches/{id}`."""
        return call.reply(_facts(call, self._known(call)))

    def list(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/messages/batches`: the newest first."""
        batches = {batch.id: batch for batch in self._kept.newest_first(call.identity.tenant)}
        return call.reply(listed(call, batches, partial(_facts, call), after="after_id"))

    def cancel(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/messages/batches/{id}/cancel`."""
        batch = self._known(call)
        batch.course.cancel(call.now)
        return call.reply(_facts(call, batch))

    def delete(self, call: Call) -> HttpResponse:
        """Answer `DELETE /v1/messages/batches/{id}`, of one that is over."""
        batch = self._known(call)
        if not batch.at(call.now).is_final:
            raise Refused(400, f"Message batch {batch.id} is not over: cancel it first.", code="invalid_request")
        self._kept.forget(call.identity.tenant, batch.id)
        return call.reply({"id": batch.id, "type": "message_batch_deleted"})

    def results(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/messages/batches/{id}/results`: a line of JSON for each request."""
        batch = self._known(call)
        state = batch.at(call.now)
        if not state.is_final:
            raise Refused(400, f"Message batch {batch.id} has no results until it has ended.", code="invalid_request")
        lines = b"".join(json_bytes(line) + b"\n" for line in _results(batch, state))
        headers = {"content-type": "application/x-jsonl"}
        return HttpResponse(HTTPStatus.OK, headers, (Chunk(0.0, lines),), 0.0)

    def _known(self, call: Call) -> Batched:
        batch = self._kept.get(call.identity.tenant, call.params["id"])
        if batch is None:
            raise Refused(404, f"No message batch {call.params['id']} is known.", code="not_found")
        return batch


def _facts(call: Call, batch: Batched) -> Json:
    state, course = batch.at(call.now), batch.course
    host = call.request.headers.get("host", "api.anthropic.com")
    scheme = "http" if ":" in host else "https"  # only a host of one's own has a port
    over = state.is_final
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if over else "in_progress" if course.cancelled_at is None else "canceling",
        "request_counts": _counts(batch, state),
        "created_at": instant(course.created_at),
        "ended_at": instant(course.ends_at) if over else None,
        "expires_at": instant(course.expires_at),
        "archived_at": None,
        "cancel_initiated_at": None if course.cancelled_at is None else instant(course.cancelled_at),
        "results_url": f"{scheme}://{host}/v1/messages/batches/{batch.id}/results" if over else None,
    }


def _counts(batch: Batched, state: RemoteState) -> Json:
    course = batch.course
    if not state.is_final:  # until all of them are over, none is told to be
        return {"processing": course.size, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    succeeded = sum(response.status == HTTPStatus.OK for _, response in course.answered)
    is_cancelled = state is RemoteState.CANCELLED
    return {
        "processing": 0,
        "succeeded": succeeded,
        "errored": len(course.answered) - succeeded,
        "canceled": len(course.left) if is_cancelled else 0,
        "expired": 0 if is_cancelled else len(course.left),
    }


def _results(batch: Batched, state: RemoteState) -> Iterator[Json]:
    for (custom_id, _), response in batch.course.answered:
        body = json_of(response.body)
        if response.status == HTTPStatus.OK:
            yield {"custom_id": custom_id, "result": {"type": "succeeded", "message": body}}
        else:
            yield {"custom_id": custom_id, "result": {"type": "errored", "error": body}}
    outcome = "canceled" if state is RemoteState.CANCELLED else "expired"
    for custom_id, _ in batch.course.left:
        yield {"custom_id": custom_id, "result": {"type": outcome}}


def _lines(call: Call) -> Sequence[NamedLine]:
    requests = call.body().get("requests")
    if not isinstance(requests, list) or not requests:
        raise invalid("requests", "at least one request is required")
    limits = limits_of(call.vendor)
    if len(requests) > limits.max_requests or len(call.request.body) > limits.max_bytes:
        raise Refused(413, "The batch is too large.", code="too_large")
    named: dict[str, NamedLine] = {}
    for place, one in enumerate(requests):
        asked: Body = one if isinstance(one, dict) else {}
        params, custom_id = asked.get("params"), asked.get("custom_id")
        if not isinstance(custom_id, str) or not isinstance(params, dict):
            raise invalid(f"requests.{place}", "custom_id and params are required")
        if not _CUSTOM_ID.fullmatch(custom_id):
            raise invalid(f"requests.{place}.custom_id", f"String should match pattern '{_CUSTOM_ID.pattern}'")
        if custom_id in named:
            raise invalid(f"requests.{place}.custom_id", f"{custom_id!r} is there twice")
        if params.get("stream"):
            raise invalid(f"requests.{place}.params.stream", "a batch streams nothing")
        line = named_line(call, custom_id, path="/v1/messages", body=params, headers=asked.get("headers"))
        named[custom_id] = line
    return list(named.values())
