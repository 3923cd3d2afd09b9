"""A walk over every route of the OpenAPI document, with an example of how each is asked for what somebody has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

from aijobs_sdk.server.openapi import document_text
from server.isolation.belongings import SECRET, Belongings

_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)")
_SECONDS = re.compile(r'(?<="seconds":)[^,}]+')
_OF_EACH_REQUEST = {"x-request-id", "content-length"}
_TURNS = ("get", "post", "patch", "put", "delete")
"""Who has deleted finds nothing to replay or to change."""


@dataclass(frozen=True)
class Asked:
    """How a route is asked."""

    path: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


class Operation(NamedTuple):
    """What the document says of a route."""

    id: str
    method: str
    path: str
    wants_key: bool
    may_be_missing: bool

    async def ask(self, client: httpx.AsyncClient, asked: Asked) -> httpx.Response:
        """Send the request."""
        path = self.path.format(**asked.path)
        return await client.request(self.method, path, params=asked.params, json=asked.json, headers=asked.headers)


def _operations() -> list[Operation]:
    paths = json.loads(document_text())["paths"]
    found = [
        Operation(one["operationId"], method, path, "security" in one, "404" in one["responses"])
        for path, methods in paths.items()
        for method, one in methods.items()
    ]
    return sorted(found, key=lambda one: _TURNS.index(one.method))


OPERATIONS = _operations()


def _job(own: Belongings) -> Asked:
    return Asked({"job_id": own.job})


def _document(own: Belongings) -> Asked:
    return Asked({"document_id": own.document})


def _suggestion(own: Belongings) -> Asked:
    return Asked({"suggestion_id": own.suggestion})


def _batch(own: Belongings) -> Asked:
    return Asked({"batch_id": own.batch})


def _batch_taken(own: Belongings) -> Asked:
    holder = {"token": "another", "host": "elsewhere", "pid": 1, "since": "2026-01-01T00:00:00Z"}
    return Asked({"batch_id": own.batch}, json={"holder": holder, "seconds": 60, "instead_of": SECRET})


def _nothing(_: Belongings) -> Asked:
    return Asked()


def _block_job(own: Belongings) -> dict[str, Any]:
    return {"type": "block_refine", "payload": {"document_id": own.document, "block_id": own.block, "prompt": "Mend."}}


def _task(own: Belongings) -> dict[str, Any]:
    return {"documentId": own.document, "blockId": own.block, "type": "REFINE", "prompt": "Mend."}


_A_JOB = {"type": "test_job", "payload": {}}
_LATER = _A_JOB | {"run_at": "2100-01-01T00:00:00Z"}
_TEXT = {"type": "ai_generation", "payload": {"prompt": "A river", "model": "gpt-5.2"}}
_A_ROW = {"index": 0, "key": "k", "inputs": {"text": "rain"}, "request": {}}
_EVER = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}

EXAMPLES: Mapping[str, Callable[[Belongings], Asked]] = {
    "submit": lambda own: Asked(json=_LATER, headers={"Idempotency-Key": own.key}),
    "list_jobs": lambda own: Asked(params={"document_id": own.document, "cursor": own.cursor}),
    "open_batch": lambda own: Asked(json={"name": own.batch_name}),
    "list_batches": lambda own: Asked(params={"name": own.batch_name}),
    "change_batch": lambda own: Asked({"batch_id": own.batch}, json={"wish": "cancel", "rows": 0}),
    "hold_batch": _batch_taken,
    "put_batch_rows": lambda own: Asked({"batch_id": own.batch}, json={"rows": [_A_ROW]}),
    "list_batch_rows": _batch,
    "delete_batch": _batch,
    "find_refusals": lambda own: Asked(json={"jobs": [_block_job(own)]}),
    "estimate": lambda own: Asked(json={"jobs": [_TEXT | {"idempotency_key": own.key}]}),
    "look_up": lambda own: Asked(json={"ids": [own.job]}),
    "get_job": _job,
    "cancel_job": _job,
    "list_images": _job,
    "follow_one": _job,
    "follow_some": lambda own: Asked(params={"ids": own.job}),
    "follow_many": lambda own: Asked(json={"jobs": {own.job: 0}}),
    "create_document": lambda own: Asked(json={"title": "Water"}, headers={"Idempotency-Key": own.key}),
    "list_blocks": _document,
    "list_revisions": lambda own: Asked({"block_id": own.block}),
    "list_suggestions": lambda own: Asked({"block_id": own.draft}),
    "apply_suggestion": _suggestion,
    "reject_suggestion": _suggestion,
    "get_document": _document,
    "list_lineage": _document,
    "list_usage": lambda _: Asked(params=_EVER),
    "start_report_job": lambda own: Asked(json=_task(own)),
    "list_report_jobs": lambda own: Asked(params={"documentId": own.document}),
    "get_report_job": _job,
    "stop_report_job": _job,
    "list_dead_letters": _nothing,
    "purge_dead_letters": lambda _: Asked(params={"older_than_seconds": "0"}),
    "get_dead_letter": _job,
    "replay": _job,
    "put_schedule": lambda own: Asked({"name": own.schedule}, json={"cron": "0 0 1 8 *", "job": _A_JOB}),
    "delete_schedule": lambda own: Asked({"name": own.schedule}),
    "list_schedules": _nothing,
    "is_alive": _nothing,
    "is_ready": _nothing,
    "get_health": _nothing,
    "get_time": _nothing,
    "show_metrics": _nothing,
}


class Answer(NamedTuple):
    """What came back, with kinds in the place of names, so that answers about different things can be compared."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str


def unnamed(text: str, own: Belongings) -> str:
    """Return an answer with kinds in the place of what it was asked for."""
    for kind, name in own.named():
        text = text.replace(name, f"<{kind}>")
    return text


def masked(response: httpx.Response, own: Belongings) -> Answer:
    """Return an answer without what is different each time."""
    text = _SECONDS.sub("<s>", _AT.sub("<at>", _ID.sub("<id>", unnamed(response.text, own))))
    headers = [one for one in response.headers.items() if one[0] not in _OF_EACH_REQUEST]
    return Answer(response.status_code, tuple(headers), text)
