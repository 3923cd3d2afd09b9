"""One HTTP exchange as facts: what was asked, and what is answered when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from aijobs_sdk.simulation.core import Simulation

Headers = Mapping[str, str]
"""Names in lower case; a character of a value is a byte of it, as HTTP has it."""
Json = dict[str, JsonValue]
"""An object to send."""
_UNREAD: JsonValue = {}
"""Stands for the JSON of a body that nobody has asked for yet."""
_A_TEXT = "\ue000 a text \ue000"
"""Stands where texts will be; nothing else of a body is like it."""


class HttpRequest:
    """What a caller sent, and the calls of the simulation that came of it: none, one, or those of a batch."""

    def __init__(self, method: str, path: str, *, headers: Headers, body: bytes = b"", query: str = "") -> None:
        self.method = method
        self.path = path
        """Without the query."""
        self.query = query
        self.headers = headers
        self.body = body
        self._json: JsonValue = _UNREAD
        self._calls: list[tuple[Simulation, int]] = []

    @property
    def json(self) -> JsonValue:
        """The body as JSON; None where it is none."""
        if self._json is _UNREAD:
            self._json = json_of(self.body)
        return self._json

    def begin(self, world: Simulation, number: int) -> None:
        """Note that this call of the world's journal came of the request."""
        self._calls.append((world, number))

    def end(self, *, read_to_end: bool) -> None:
        """Let the world know that the caller has left. What is said first holds."""
        for world, number in self._calls:
            world.close(number, read_to_end=read_to_end)
        self._calls.clear()


class Chunk(NamedTuple):
    """Some bytes of an answer, and when they are sent, in seconds from the start of the call."""

    at_seconds: float
    data: bytes


def chunks_at(seconds: Iterable[float], data: Iterable[bytes]) -> Iterator[Chunk]:
    """Return these bytes as chunks, each with its second."""
    # Without a step in Python for each: a stream is mostly this.
    return map(partial(tuple.__new__, Chunk), zip(seconds, data, strict=True))


class Ending(Enum):
    """What happens to the connection after the last byte."""

    WHOLE = "whole"
    RESET = "reset"
    """It breaks before the answer is whole."""
    REFUSED = "refused"
    """There never was one."""


class HttpResponse(NamedTuple):
    """What a provider answers, from the first byte to the last: whoever hosts it only acts it out."""

    status: int
    headers: Headers
    chunks: Sequence[Chunk]
    ends_at_seconds: float
    ending: Ending = Ending.WHOLE

    @property
    def starts_at_seconds(self) -> float:
        """When the status and the headers are sent."""
        return self.chunks[0].at_seconds if self.chunks else self.ends_at_seconds

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they are sent."""
        return [(name.encode(), value.encode("latin-1")) for name, value in self.headers.items()]

    @property
    def body(self) -> bytes:
        """All that is sent."""
        return b"".join(chunk.data for chunk in self.chunks)


def json_response(body: object, *, status: int = 200) -> HttpResponse:
    """Return an answer in JSON that nobody waits for."""
    return HttpResponse(status, {"content-type": "application/json"}, (Chunk(0.0, json_bytes(body)),), 0.0)


def json_of(body: bytes) -> JsonValue:
    """Return a body as JSON; None where it is none."""
    try:
        value: JsonValue = from_json(body)
    except ValueError:
        return None
    return value


def json_bytes(value: object) -> bytes:
    """Return the compact JSON of a body or an event."""
    return to_json(value)


def around_text(event_of: Callable[[str], bytes]) -> tuple[bytes, bytes]:
    """Return what stands before and after the one text in an event, for many events that differ in that alone."""
    before, after = event_of(_A_TEXT).split(json_bytes(_A_TEXT))
    return before, after


def json_text(value: JsonValue) -> str:
    """Return the JSON that a model writes: without spaces, as jobs have it that are answered without a wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def instant(at: datetime) -> str:
    """Return an instant as vendors write it: `2026-01-15T09:30:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
