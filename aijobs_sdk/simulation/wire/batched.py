"""What the batches of all simulated vendors have in common: lines, each a request, and their course."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qs

from pydantic import JsonValue

from aijobs_sdk.contract.economy import RemoteState
from aijobs_sdk.simulation.batch_course import Course
from aijobs_sdk.simulation.wire.calls import Call, Line
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse, Json, json_bytes

_OF_THE_WHOLE = frozenset({"content-length", "content-type", "idempotency-key", "transfer-encoding"})
"""Headers that are not those of a line."""
USUAL_LIMIT = 20
"""The things that are listed at once where the caller does not say how many."""

Thing = TypeVar("Thing")


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


def listed(call: Call, things: Mapping[str, Thing], show: Callable[[Thing], Json], *, after: str) -> Json:
    """Return the part of a list that the query asks for.

    `things` are all there are, by id; `after` is the vendor's name for the last one that the caller has.
    """
    query, ids = parse_qs(call.request.query), list(things)
    last, limit = query.get(after, [""])[0], query.get("limit", [""])[0]
    start = ids.index(last) + 1 if last in things else 0
    shown = ids[start : start + (int(limit) if limit.isdecimal() else USUAL_LIMIT)]
    return {
        "data": [show(things[id_]) for id_ in shown],
        "has_more": len(ids) > start + len(shown),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }
