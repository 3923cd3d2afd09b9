"""What the batches of all simulated vendors have in common: lines, each a request, and their course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs

from pydantic import JsonValue

from aijobs_sdk.contract.economy import RemoteState
from aijobs_sdk.simulation.batch_course import Course
from aijobs_sdk.simulation.wire.calls import Call, Line
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse, json_bytes

_OF_THE_WHOLE = frozenset({"content-length", "content-type", "idempotency-key", "transfer-encoding"})
"""Headers that are not those of a line."""


class NamedLine(NamedTuple):
    """A line of a batch under its caller's name for it."""

    custom_id: str
    line: Line


def named_line(
    call: Call, custom_id: str, *, path: str, body: Mapping[str, JsonValue], headers: JsonValue = None
) -> NamedLine:
    """Return a line of the batch that `call` makes; it may bring headers of its own, as our adapters' do."""
    own = {name.lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    shared = {name: value for name, value in call.request.headers.items() if name not in _OF_THE_WHOLE}
    return NamedLine(
        custom_id, call.prepare(HttpRequest("POST", path, headers={**shared, **own}, body=json_bytes(body)))
    )


@dataclass(frozen=True, slots=True)
class Batched:
    """One batch of a caller's."""

    id: str
    course: Course[NamedLine, HttpResponse]

    def at(self, now: datetime) -> RemoteState:
        """Answer what is due by now, and return where the batch stands."""
        return self.course.look(now)


def begin(call: Call, id_: str, lines: Sequence[NamedLine], *, provider: str) -> Batched:
    """Return a batch of these lines, which begins now."""
    looks = call.world.has_batch_faults  # many thousands of lines are read twice only where that may tell something
    course = Course(
        lines,
        [one.line.fault() if looks else None for one in lines],
        _answered,
        turnaround=call.world.turnaround(provider),
        draws=call.world.draws_of_batch(id_),
        created_at=call.now,
    )
    return Batched(id_, course)


def _answered(line: NamedLine, at: datetime) -> HttpResponse:
    return line.line.answer(at)


class Page(NamedTuple):
    """Which part of a list a caller asks for."""

    after: str | None
    limit: int


def page_of(call: Call, *, after: str) -> Page:
    """Return what the query says; `after` is the vendor's name for the last one that the caller has."""
    query = parse_qs(call.request.query)
    limit = query.get("limit", ["20"])[0]
    return Page(query.get(after, [None])[0], int(limit) if limit.isdecimal() else 20)


def paged(ids: Sequence[str], page: Page) -> tuple[Sequence[str], bool]:
    """Return the part of these, and whether more follow."""
    start = ids.index(page.after) + 1 if page.after in ids else 0
    return ids[start : start + page.limit], len(ids) > start + page.limit
