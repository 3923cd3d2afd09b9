"""What happens to a scripted job, and when: events after one another, and the record that they leave at any instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from aijobs_sdk.contract.job import Job, JobStatus, Priority
from aijobs_sdk.contract.results import JobResult

TENANT, USER = UUID(int=1), UUID(int=10)
TERMINAL = frozenset({"completed", "failed", "cancelled"})
BORN_AT = datetime(2026, 1, 1, tzinfo=UTC)
MADE: Mapping[str, JsonValue] = {"echo": "done"}
DONE = JobResult.model_validate(MADE)
"""What a job makes that nobody told what to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One event, so many seconds after the job was submitted."""

    kind: str
    at: float = 0.0
    status: str = "processing"
    progress: int = 0
    said: Mapping[str, JsonValue] = field(default_factory=dict)
    """What events of this kind say beside."""

    @property
    def is_last(self) -> bool:
        return self.kind in TERMINAL


@dataclass(frozen=True, slots=True)
class Story:
    """Events in their order, and what the job makes."""

    beats: tuple[Beat, ...]
    result: Mapping[str, JsonValue] = field(default_factory=lambda: MADE)

    def past(self, age: float) -> tuple[Beat, ...]:
        """Return what has happened to a job of this age."""
        return tuple(beat for beat in self.beats if beat.at <= age)

    def next_in(self, age: float) -> float:
        """Return the seconds until something happens again; without end where nothing will."""
        return min((beat.at - age for beat in self.beats if beat.at > age), default=float("inf"))

    def cancelled(self, age: float) -> Story:
        """Return the story of a job that is cancelled now."""
        past = self.past(age)
        return self if past and past[-1].is_last else Story((*past, cancelled(at=age)), self.result)


OPENING = (Beat(kind="accepted", status="pending"), Beat(kind="started", said={"attempt": 1}))


def takes(seconds: float, *, result: Mapping[str, JsonValue] | None = None) -> Story:
    """Return the story of a job that completes after so long."""
    beats = (*OPENING, Beat(kind="completed", at=seconds, status="completed", progress=100))
    return Story(beats) if result is None else Story(beats, result)


def of_eight_events(every: float = 0.0) -> Story:
    """Return the story of a job with a log of eight events, so many seconds apart."""
    middle = (Beat(kind="progress", progress=10 * n) for n in range(1, 6))
    beats = (*OPENING, *middle, Beat(kind="completed", status="completed", progress=100))
    return Story(tuple(_later(beat, n * every) for n, beat in enumerate(beats)))


def fails(code: str, message: str, *, at: float = 0.0) -> Story:
    """Return the story of a job that fails with this error."""
    error: dict[str, JsonValue] = {"code": code, "category": "provider", "message": message}
    return Story((*OPENING, Beat(kind="failed", at=at, status="failed", said={"error": error})))


def hears_of(kind: str) -> Story:
    """Return the story of a job to which something happens that no reader of today knows."""
    strange = Beat(kind=kind, said={"colour": "green"})
    return Story((*OPENING, strange, Beat(kind="completed", at=0.2, status="completed", progress=100)))


def is_for_a_while(status: str, *, seconds: float = 0.5) -> Story:
    """Return the story of a job with a status that no reader of today knows, until it completes."""
    strange = Beat(kind="napping", status=status)
    return Story((*OPENING, strange, Beat(kind="completed", at=seconds, status="completed", progress=100)))


def cancelled(*, at: float = 0.0) -> Beat:
    """Return the last event of a job that somebody cancelled."""
    error: dict[str, JsonValue] = {"code": "cancelled", "category": "cancelled", "message": "Cancelled on request."}
    return Beat(kind="cancelled", at=at, status="failed", said={"error": error})


def event(job_id: UUID, seq: int, beat: Beat) -> dict[str, JsonValue]:
    """Return an event as it is sent."""
    at = (BORN_AT + timedelta(seconds=beat.at)).isoformat()
    head: dict[str, JsonValue] = {"kind": beat.kind, "job_id": str(job_id), "seq": seq, "at": at}
    return head | {"status": beat.status, "progress": beat.progress, "message": beat.kind.title(), **beat.said}


def record(job_id: UUID, asked: Mapping[str, JsonValue], story: Story, age: float) -> dict[str, JsonValue]:
    """Return a job as it is sent, at this age."""
    now = story.past(age)[-1]
    known = Job(
        id=job_id,
        tenant_id=TENANT,
        user_id=USER,
        type=str(asked["type"]),
        status=JobStatus.PROCESSING,
        priority=Priority.NORMAL,
        payload={},
        attempts=1,
        created_at=BORN_AT,
    ).model_dump(mode="json")
    result = dict(story.result) if now.kind == "completed" else None
    moves: dict[str, JsonValue] = {"status": now.status, "progress": now.progress, "message": now.kind.title()}
    return known | {"payload": asked["payload"]} | moves | {"result": result, "error": now.said.get("error")}


def _later(beat: Beat, seconds: float) -> Beat:
    return Beat(kind=beat.kind, at=seconds, status=beat.status, progress=beat.progress, said=beat.said)
