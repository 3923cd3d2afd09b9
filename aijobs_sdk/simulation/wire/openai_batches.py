"""OpenAI's batches: a file of requests becomes a file of answers and one of errors, in its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus

from pydantic import JsonValue

from aijobs_sdk.contract.economy import RemoteState
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.simulation.faults import BatchFault
from aijobs_sdk.simulation.kept import Kept
from aijobs_sdk.simulation.wire.batched import Batched, NamedLine, begin, listed, named_line
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json, json_bytes, json_of
from aijobs_sdk.simulation.wire.openai_files import File, Files

ENDPOINTS = ("/v1/responses", "/v1/chat/completions", "/v1/embeddings")
"""Those that lines may be for, of the ones that are simulated."""
_STATUSES: Mapping[RemoteState, str] = {
    RemoteState.ENDED: "completed",
    RemoteState.FAILED: "failed",
    RemoteState.CANCELLED: "cancelled",
    RemoteState.EXPIRED: "expired",
}
_MESSAGES: Mapping[str, str] = {
    "batch_expired": "This request could not be executed before the completion window expired.",
    "batch_cancelled": "This batch was cancelled before the request was executed.",
    BatchFault.QUEUE_FULL: "Enqueued token limit reached. Please try again once some in_progress batches have ended.",
}


@dataclass(slots=True)
class _Batch:
    """A batch, and the files that it has come to."""

    batched: Batched
    asked: Json
    """What it was made with."""
    problems: Sequence[Json] = ()
    """What is wrong with its file; a batch of such a file fails."""
    files: dict[str, str] = field(default_factory=dict)
    """By field, once it is over."""


class Batches:
    """The latest batches of all callers, each known to the one that made it."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._kept: Kept[_Batch] = Kept()

    def create(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/batches`: what is wrong with the file is told by the batch, not now."""
        asked = _asked(call)
        content = self._files.known(call, str(asked["input_file_id"])).content
        lines, problems = _read(call, content, str(asked["endpoint"]))
        batched = begin(call, f"batch_{call.token('batch')}", [] if problems else lines, provider=call.vendor)
        batch = _Batch(batched, asked, problems)
        self._kept.keep(call.identity.tenant, batched.id, batch)
        return call.reply(self._facts(call, batch))

    def retrieve(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/batches/{id}`."""
        return call.reply(self._facts(call, self._known(call)))

    def list(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/batches`: the newest first."""
        batches = {one.batched.id: one for one in self._kept.newest_first(call.identity.tenant)}
        return call.reply({"object": "list", **listed(call, batches, partial(self._facts, call), after="after")})

    def cancel(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/batches/{id}/cancel`."""
        batch = self._known(call)
        state = _state(batch, call.now)
        if state.is_final:
            status = _STATUSES[state]
            raise Refused(409, f"Cannot cancel a batch with status '{status}'.", code="invalid_request")
        batch.batched.course.cancel(call.now)
        return call.reply(self._facts(call, batch))

    def _known(self, call: Call) -> _Batch:
        batch = self._kept.get(call.identity.tenant, call.params["id"])
        if batch is None:
            raise Refused(404, f"No batch found with id '{call.params['id']}'.", code="not_found", param="id")
        return batch

    def _facts(self, call: Call, batch: _Batch) -> Json:
        state, course = _state(batch, call.now), batch.batched.course
        if state.is_final and state is not RemoteState.FAILED and not batch.files:
            batch.files = self._written(call, batch, state)
        succeeded = sum(response.status == HTTPStatus.OK for _, response in course.answered)
        ended = len(course.answered) + (len(course.left) if state.is_final else 0)
        return {
            "id": batch.batched.id,
            "object": "batch",
            **batch.asked,
            "status": _STATUSES.get(state) or _on_the_way(batch, call.now),
            "errors": {"object": "list", "data": [*_problems(batch)]} if state is RemoteState.FAILED else None,
            "output_file_id": batch.files.get("output_file_id"),
            "error_file_id": batch.files.get("error_file_id"),
            "request_counts": {"total": course.size, "completed": succeeded, "failed": ended - succeeded},
            **_times(batch, state),
        }

    def _written(self, call: Call, batch: _Batch, state: RemoteState) -> dict[str, str]:
        """Return the ids of the files that hold the results, of each kind that there is."""
        answers, errors = _results(batch.batched, state)
        if batch.batched.course.has_no_output:
            answers = []
        files: dict[str, str] = {}
        for name, lines in (("output_file_id", answers), ("error_file_id", errors)):
            if lines:
                content = b"".join(json_bytes(line) + b"\n" for line in lines)
                id_ = f"file-{batch.batched.id.removeprefix('batch_')}-{name.partition('_')[0]}"
                filename = f"{batch.batched.id}_{name.partition('_')[0]}.jsonl"
                self._files.keep(call, File(id_, filename, "batch_output", content, batch.batched.course.ends_at))
                files[name] = id_
        return files


def _asked(call: Call) -> Json:
    body = call.body()
    for name in ("input_file_id", "endpoint", "completion_window"):
        if not isinstance(body.get(name), str):
            raise Refused(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    if body["endpoint"] not in ENDPOINTS:
        raise Refused(400, "Invalid value for 'endpoint'.", code="invalid_value", param="endpoint")
    if body["completion_window"] != "24h":
        raise Refused(400, "Invalid value for 'completion_window'.", code="invalid_value", param="completion_window")
    asked: Json = {name: body[name] for name in ("input_file_id", "endpoint", "completion_window")}
    return {**asked, "metadata": body.get("metadata")}


def _read(call: Call, content: bytes, endpoint: str) -> tuple[Sequence[NamedLine], Sequence[Json]]:
    """Return the lines of a file, and what is wrong with them."""
    raw = [line for line in content.split(b"\n") if line.strip()]
    limits = limits_of(call.vendor)
    if not raw:
        return [], [_problem("empty_file", "The file holds no requests.")]
    if len(raw) > limits.max_requests or len(content) > limits.max_bytes:
        return [], [_problem("too_many_tasks", "The file is larger than a batch may be.")]
    named: dict[str, NamedLine] = {}
    for number, line in enumerate(raw, start=1):
        read = json_of(line)
        asked = read if isinstance(read, dict) else {}
        custom_id, body = asked.get("custom_id"), asked.get("body")
        if not isinstance(custom_id, str) or not isinstance(body, dict):
            return [], [_problem("invalid_json_line", "This line is no request.", line=number)]
        if custom_id in named:
            return [], [_problem("duplicate_custom_id", f"The custom_id {custom_id!r} is there twice.", line=number)]
        if asked.get("url") != endpoint or asked.get("method") != "POST" or body.get("stream"):
            return [], [_problem("mismatched_endpoint", "This line is not for the batch's endpoint.", line=number)]
        named[custom_id] = named_line(call, custom_id, path=endpoint, body=body, headers=asked.get("headers"))
    return list(named.values()), []


def _problem(code: str, message: str, *, line: int | None = None) -> Json:
    return {"code": code, "message": message, "param": None, "line": line}


def _problems(batch: _Batch) -> Sequence[Json]:
    queue_full = _problem(BatchFault.QUEUE_FULL, _MESSAGES[BatchFault.QUEUE_FULL])
    return batch.problems or [queue_full]


def _state(batch: _Batch, now: datetime) -> RemoteState:
    state = batch.batched.at(now)
    return RemoteState.FAILED if batch.problems and state.is_final else state


def _on_the_way(batch: _Batch, now: datetime) -> str:
    course = batch.batched.course
    if course.cancelled_at is not None:
        return "cancelling"
    return "validating" if now < course.begins_at else "in_progress"


def _times(batch: _Batch, state: RemoteState) -> Json:
    course = batch.batched.course
    ended = int(course.ends_at.timestamp())
    cancelled = course.cancelled_at
    times: Json = {f"{_STATUSES[one]}_at": ended if one is state else None for one in _STATUSES}
    return {
        **times,
        "created_at": int(course.created_at.timestamp()),
        "in_progress_at": int(course.begins_at.timestamp()) if course.answered else None,
        "finalizing_at": ended if state is RemoteState.ENDED else None,
        "cancelling_at": None if cancelled is None else int(cancelled.timestamp()),
        "expires_at": int(course.expires_at.timestamp()),
    }


def _results(batch: Batched, state: RemoteState) -> tuple[list[Json], list[Json]]:
    """Return the lines of the file of answers and of that of errors, in the order in which they came."""
    answers: list[Json] = []
    errors: list[Json] = []
    for place, (line, response) in enumerate(batch.course.answered):
        reply: JsonValue = {
            "status_code": response.status,
            "request_id": f"{batch.id}_{place}",
            "body": json_of(response.body),
        }
        into = answers if response.status == HTTPStatus.OK else errors
        into.append(_result(batch, place, line.custom_id, response=reply, error=None))
    code = "batch_cancelled" if state is RemoteState.CANCELLED else "batch_expired"
    for place, line in enumerate(batch.course.left, start=len(batch.course.answered)):
        error: JsonValue = {"code": code, "message": _MESSAGES[code]}
        errors.append(_result(batch, place, line.custom_id, response=None, error=error))
    return answers, errors


def _result(batch: Batched, place: int, custom_id: str, *, response: JsonValue, error: JsonValue) -> Json:
    id_ = f"batch_req_{batch.id.removeprefix('batch_')}{place}"
    return {"id": id_, "custom_id": custom_id, "response": response, "error": error}
