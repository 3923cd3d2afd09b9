"""The event log: what happened to a job, one numbered fact after another.

`seq` is dense from 1; exactly one terminal event (completed, failed, cancelled), and it is the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter
from pydantic_core import to_json

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.job import JobStatus


# The engine makes them of what was checked before, several for each job; what comes from outside `parse_event` checks.
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every entry of the log has."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    job_id: UUID
    seq: int = Field(ge=1)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """A change of state or progress."""

    status: JobStatus
    progress: int
    message: str

    def update(self) -> dict[str, JsonValue]:
        """Return the status update in its published form: status, progress, message."""
        return {"status": self.status.value, "progress": self.progress, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAccepted(StatusEvent):
    """The job is stored."""

    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(StatusEvent):
    """A worker claimed the job; `attempt` counts from 1."""

    kind: Literal["started"] = "started"
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgressed(StatusEvent):
    """The handler reported how far it is."""

    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetrying(StatusEvent):
    """Attempt `attempt` failed with `error`; the next one starts at `retry_at` or soon after."""

    kind: Literal["retrying"] = "retrying"
    attempt: int
    error: ErrorInfo
    retry_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReleased(StatusEvent):
    """A worker gave the job back unharmed; the attempt does not count."""

    kind: Literal["released"] = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelRequested(StatusEvent):
    """Somebody asked the running job to stop; the worker that holds it will end it."""

    kind: Literal["cancel_requested"] = "cancel_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(StatusEvent):
    """The result is stored. Terminal."""

    kind: Literal["completed"] = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(StatusEvent):
    """No attempt is left, or no retry can help. Terminal."""

    kind: Literal["failed"] = "failed"
    error: ErrorInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(StatusEvent):
    """The job was stopped on request. Terminal."""

    kind: Literal["cancelled"] = "cancelled"
    error: ErrorInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Event):
    """A piece of the answer, while it is written.

    The answer so far is `answer[:offset] + text`: a retry that writes something else says so by an
    `offset` below what was written; otherwise `offset` is where the last delta ended.
    """

    kind: Literal["delta"] = "delta"
    text: str
    offset: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """An event of a kind this version does not know, kept as it came."""

    kind: str
    data: Mapping[str, JsonValue]


KnownEvent = Annotated[
    JobAccepted
    | JobStarted
    | JobProgressed
    | JobRetrying
    | JobReleased
    | JobCancelRequested
    | JobCompleted
    | JobFailed
    | JobCancelled
    | TextDelta,
    Field(discriminator="kind"),
]
JobEvent = (
    JobAccepted
    | JobStarted
    | JobProgressed
    | JobRetrying
    | JobReleased
    | JobCancelRequested
    | JobCompleted
    | JobFailed
    | JobCancelled
    | TextDelta
    | UnknownEvent
)
TerminalEvent = JobCompleted | JobFailed | JobCancelled

_KINDS = frozenset(
    {"accepted", "started", "progress", "retrying", "released", "cancel_requested", "completed", "failed"}
    | {"cancelled", "delta"}
)


@cache
def _known() -> TypeAdapter[KnownEvent]:
    return TypeAdapter(KnownEvent)  # built when the first event is read: most programs write events only


def parse_event(data: Mapping[str, JsonValue]) -> JobEvent:
    """Read an event from JSON; a kind of a newer version becomes an `UnknownEvent`, never an error."""
    if data.get("kind") in _KINDS:
        return _known().validate_python(data)
    head = {"job_id", "seq", "at", "kind"}
    rest = {name: value for name, value in data.items() if name not in head}
    unknown: UnknownEvent = _writer(UnknownEvent).validate_python({name: data[name] for name in head} | {"data": rest})
    return unknown


def dump_event(event: JobEvent) -> dict[str, JsonValue]:
    """Return an event as JSON, which `parse_event()` reads back."""
    dumped: dict[str, JsonValue] = _writer(type(event)).dump_python(event, mode="json")
    return _flat(dumped) if isinstance(event, UnknownEvent) else dumped


def dump_event_text(event: JobEvent) -> str:
    """Return an event as the text of its JSON."""
    if isinstance(event, UnknownEvent):
        return to_json(dump_event(event)).decode()
    return _writer(type(event)).serializer.to_json(event).decode()


def _flat(unknown: dict[str, Any]) -> dict[str, JsonValue]:
    return {**unknown.pop("data"), **unknown}


_writers: dict[type[Event], TypeAdapter[Any]] = {}
"""One for each kind, because one for all of them looks for the kind of each event again."""


def _writer(kind: type[Event]) -> TypeAdapter[Any]:
    writer = _writers.get(kind)
    if writer is None:
        writer = _writers[kind] = TypeAdapter(kind)
    return writer
