"""How a job or a batch stands at one moment: numbers, which `view` puts into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

TAIL_CHARACTERS = 240
"""Of a text that is being written, so many are shown."""


class Phase(StrEnum):
    """Where something on show stands."""

    READY = "ready"
    """Not begun."""
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more becomes of it by itself, and nobody is to steer it."""
        return self in {Phase.FINISHED, Phase.FAILED, Phase.CANCELLED}


class Command(StrEnum):
    """What somebody who watches may ask for."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY_FAILED = "retry_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Rows that failed of the same."""

    code: str
    count: int
    message: str
    """What the first of them said."""
    examples: tuple[int, ...]
    """The numbers of the first of them, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The end of a text."""

    label: str
    """Whose it is, such as `row 1,240`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSnapshot:
    """Counts and sums of a batch."""

    title: str
    phase: Phase
    models: tuple[str, ...] = ()
    total: int
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    running: int = 0
    retries: int = 0
    elapsed_seconds: float = field(default=0.0, compare=False)
    """Spent running so far; passes also while nothing happens."""
    input_tokens: int = 0
    output_tokens: int = 0
    credits: Decimal = Decimal(0)
    """As billed so far."""
    budget: Decimal | None = None
    """What it may cost; None: any amount."""
    causes: tuple[Cause, ...] = ()
    """The most frequent first, all of them."""
    note: str = ""
    """Why it is paused, and what goes on."""
    tail: Tail | None = None
    """The answer that came last."""
    commands: tuple[Command, ...] = ()
    """What may be asked for now."""

    @property
    def is_last(self) -> bool:
        """Whether it will not stand otherwise."""
        return self.phase.is_final

    @property
    def finished(self) -> int:
        """Rows that are over, one way or another."""
        return self.completed + self.failed + self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSnapshot:
    """How far one job is."""

    title: str
    phase: Phase
    model: str = ""
    percent: int = 0
    message: str = ""
    """What it does now, in its own words."""
    attempt: int = 0
    """0: not begun."""
    max_attempts: int = 0
    elapsed_seconds: float | None = None
    """From its start to its end; None until it is over."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    credits: Decimal | None = None
    """As billed; None until it is known."""
    error: Cause | None = None
    """Why it failed, or was tried again."""
    note: str = ""
    """What is to be known beside it."""
    tail: Tail | None = None
    """The end of what was written so far."""
    commands: tuple[Command, ...] = ()
    is_abandoned: bool = False
    """Whether nobody learns any more what becomes of it."""

    @property
    def is_last(self) -> bool:
        """Whether it will not stand otherwise, or nobody would know."""
        return self.phase.is_final or self.is_abandoned


Snapshot: TypeAlias = BatchSnapshot | JobSnapshot


class Watched(Protocol):
    """What can be put on show."""

    def snapshot(self) -> Snapshot:
        """Return how it stands: from any thread, without waiting, in microseconds; equal where nothing changed."""
        ...

    def steer(self, command: Command) -> None:
        """Have something done about it, and return at once; from any thread."""
        ...
