"""A snapshot in words, the same on every surface: what a widget, a page, a bar and a line of text show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from aijobs_sdk.notebook.snapshot import Command, Phase


class Labelled(NamedTuple):
    """One number with its name, as `failed`, `37`."""

    label: str
    value: str


class Shares(NamedTuple):
    """Of the bar, each from 0 to 1; what is left is still to come."""

    completed: float
    failed: float
    running: float
    skipped: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """Rows that failed of the same, in words."""

    head: str
    """Such as `14 x rate_limited`."""
    rows: str
    """Such as `rows 12, 88, 91, …`; empty for a job."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is drawn. Equal views look the same, but for the time of day."""

    title: str
    models: str
    phase: Phase
    shares: Shares
    percent: int
    """0 to 100, for what measures a bar."""
    summary: str
    """All of it in one line, such as `1,240 of 4,000 rows, 37 failed, 7 s left`: read aloud, and where there is room
    for no more."""
    facts: tuple[Labelled, ...]
    """In this order."""
    failures: str
    """Above the causes, such as `37 failed`; empty where nothing did."""
    causes: tuple[CauseLine, ...]
    more_causes: str
    """Such as `and 12 more causes, 40 rows`; empty where all are there."""
    note: str
    tail_label: str
    tail: str
    commands: tuple[Command, ...]
    as_of: str = field(compare=False, default="")
    """The time of day at which it was so."""

    @property
    def is_final(self) -> bool:
        """Whether it stays as it is."""
        return self.phase.is_final
